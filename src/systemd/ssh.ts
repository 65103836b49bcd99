import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { ISystemWorkload } from '../workloads/system-workload';
import { checkedCommand } from '../core/program-files';
import { programText } from '../core/programs';
import { machineFiles } from './machine-files';
import { PersistentDirectory } from './systemd-options';

const DIRECTORY = '/opt/cdk8s-sysbox/ssh';
const AUTHORIZED_KEYS = '/opt/cdk8s-sysbox/ssh-authorized-keys';

/**
 * Where the host key lies in the machine.
 *
 * @internal
 */
export const HOST_KEYS = '/var/lib/cdk8s-sysbox/ssh';

/** Debian's name of sshd's unit, and everybody else's; one that the image does not have is ignored. @internal */
export const SSH_UNITS = ['ssh.service', 'sshd.service'];

/**
 * sshd of the image with keys from a Secret for one user, and a host key that is made once and kept.
 *
 * @internal
 */
export function equipSsh(
  scope: Construct,
  workload: ISystemWorkload,
  machine: kplus.Container,
  hostKeys: { readonly volume: kplus.Volume; readonly subPath?: PersistentDirectory['subPath'] },
  login: { readonly user: string; readonly authorizedKeys: kplus.ISecret; readonly key: string },
): void {
  const files = {
    'ssh-host-keys.sh': programText(__dirname, 'ssh-host-keys.sh'),
    'sshd.conf': sshdDropIn(login.user),
  };
  const volume = machineFiles(scope, 'SshFiles', 'ssh-files', files);
  // before the settings of the image: the first value that sshd reads is the one that holds
  machine.mount('/etc/ssh/sshd_config.d/00-cdk8s-sysbox.conf', volume, { subPath: 'sshd.conf', readOnly: true });
  const keys = kplus.Volume.fromSecret(scope, 'AuthorizedKeys', login.authorizedKeys, {
    name: 'ssh-authorized-keys',
    items: { [login.key]: { path: 'authorized_keys' } },
  });
  machine.mount(AUTHORIZED_KEYS, keys, { readOnly: true });
  const init = workload.addInitContainer({
    name: 'ssh-host-keys',
    image: machine.image,
    command: checkedCommand(DIRECTORY, files, 'ssh-host-keys.sh', HOST_KEYS),
  });
  init.mount(DIRECTORY, volume, { readOnly: true });
  init.mount(HOST_KEYS, hostKeys.volume, { subPath: hostKeys.subPath });
}

/**
 * The keys are read by a command: sshd refuses a file below a directory that others can write to, as the kubelet's are,
 * and a changed Secret holds for the next login.
 */
function sshdDropIn(user: string): string {
  return [
    `HostKey ${HOST_KEYS}/ssh_host_ed25519_key`,
    `AllowUsers ${user}`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'AuthorizedKeysFile none',
    `AuthorizedKeysCommand /bin/cat ${AUTHORIZED_KEYS}/authorized_keys`,
    'AuthorizedKeysCommandUser nobody',
    '',
  ].join('\n');
}
