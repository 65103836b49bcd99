import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct, IConstruct } from 'constructs';
import { secretOf } from '../core/foreign-resource';
import { ClaimOptions } from '../workloads/claim-options';
import { SystemStorage } from '../workloads/system-storage';
import { ISystemWorkload } from '../workloads/system-workload';
import { equipSsh, HOST_KEYS, SSH_UNITS } from './ssh';
import { SystemdMachine } from './systemd-machine';
import { SystemdMachineOptions, SystemdOptions } from './systemd-options';

/** @internal */
export const SSH_PORT = 22;

/** Timers that wake an idle machine. */
const RESTLESS_UNITS = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
  'man-db.timer',
  'motd-news.timer',
];

/** A machine to work in. */
export interface DevMachineOptions {
  /**
   * Its image, with a tag or digest: systemd at /sbin/init, and OpenSSH's server with sshd_config.d (version 8.2). The pod is
   * not ready before something listens on port 22.
   */
  readonly image: string;

  /** The Secret with the public keys that may log in. A changed Secret takes effect at the next login. */
  readonly authorizedKeys: IConstruct;

  /**
   * The key of the Secret.
   *
   * @default "authorized_keys"
   */
  readonly authorizedKeysKey?: string;

  /**
   * Who may log in. The user must be in the image.
   *
   * @default "root", an unprivileged user on the node
   */
  readonly user?: string;

  /**
   * The claim for /home and the machine's host key. What the image has in /home is copied there once. It stays when the
   * sandbox is deleted, as claims of a StatefulSet do.
   *
   * @default - 20 GiB of the cluster's default class
   */
  readonly home?: ClaimOptions;

  /**
   * Resource requests and limits.
   *
   * @default - requests of 50m CPU and 128Mi memory, no limits
   */
  readonly resources?: kplus.ContainerResources;

  /**
   * Variables, which all its units get.
   *
   * @default - none
   */
  readonly envVariables?: Record<string, kplus.EnvValue>;

  /**
   * How systemd is set up: units, Docker inside, more persistent directories. Unlike in a plain `SystemdMachine`, timers that wake
   * an idle machine are masked, and the machine id of a `DevSandbox` is derived from the sandbox and stays the same.
   *
   * @default - see `SystemdOptions`
   */
  readonly systemd?: SystemdOptions;
}

/**
 * A machine to work in, in the pods of any workload: systemd, SSH by key, a home and a host key on a claim. A `DevSandbox` adds a
 * Service and a network policy.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { Secret } from 'cdk8s-plus-30';
 * import { AgentSandbox, DevMachine, PodSecurityLevel } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'agents', { namespace: 'agents' });
 * const sandbox = new AgentSandbox(chart, 'Coder', { system: { podSecurity: PodSecurityLevel.BASELINE } });
 * DevMachine.on(sandbox, {
 *   image: 'registry.example.org/dev:2026.11',
 *   user: 'coder',
 *   authorizedKeys: Secret.fromSecretName(chart, 'Keys', 'coder-keys'),
 * });
 * app.synth();
 */
export class DevMachine extends Construct {
  /**
   * Make the pods of a workload such machines.
   *
   * @param workload what gets the machine; its pods must be able to have a claim each
   * @param options how it is set up
   */
  public static on(workload: ISystemWorkload, options: DevMachineOptions): DevMachine {
    return new DevMachine(workload, options);
  }

  /** The machine itself. */
  public readonly systemd: SystemdMachine;

  private constructor(workload: ISystemWorkload, options: DevMachineOptions) {
    assertUser(options.user, workload.node.path);
    super(workload, 'Dev');
    const storage = SystemStorage.claim(options.home ?? { storage: Size.gibibytes(20) });
    this.systemd = SystemdMachine.on(workload, machine(options, storage));
    const { container } = this.systemd;
    const hostKeys = container.mounts.find(({ path }) => path === HOST_KEYS) as kplus.VolumeMount;
    equipSsh(this, workload, container, hostKeys, {
      user: options.user ?? 'root',
      authorizedKeys: secretOf(options.authorizedKeys, `${workload.node.path}: authorizedKeys`),
      key: options.authorizedKeysKey ?? 'authorized_keys',
    });
  }
}

function containerOf(given: DevMachineOptions): kplus.ContainerProps {
  return {
    image: given.image,
    ports: [{ name: 'ssh', number: SSH_PORT }],
    resources: given.resources ?? {
      cpu: { request: kplus.Cpu.millis(50) },
      memory: { request: Size.mebibytes(128) },
    },
    envVariables: given.envVariables,
  };
}

function machine(given: DevMachineOptions, storage: SystemStorage): SystemdMachineOptions {
  const options = given.systemd ?? {};
  return {
    ...options,
    container: containerOf(given),
    maskedUnits: [...RESTLESS_UNITS, ...(options.maskedUnits ?? [])],
    wantedUnits: [...SSH_UNITS, ...(options.wantedUnits ?? [])],
    readiness: { ...options.readiness, tcpPorts: [SSH_PORT, ...(options.readiness?.tcpPorts ?? [])] },
    persistentDirectories: [
      { path: '/home', storage, subPath: 'home' },
      { path: HOST_KEYS, storage, subPath: 'ssh-host-keys', seed: false },
      ...(options.persistentDirectories ?? []),
    ],
  };
}

/** @internal */
export function assertUser(user: string | undefined, where: string): void {
  if (user === undefined || /^[a-z_][a-z0-9_-]{0,31}$/.test(user)) return;
  throw new Error(`${where}: user '${user}' is not a valid user name. Use lower-case letters, digits, '-' and '_'`);
}
