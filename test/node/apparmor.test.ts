// A node whose kernel has AppArmor in force and confines fusermount3, as Ubuntu does from 25.04 on: sysbox-fs gets its mounts by
// rules that the installer adds, and that the uninstall takes out. The pods, the installer's among them, are confined too, by
// containerd's profile. The profile of fusermount3 is one of the shape that Ubuntu ships (no package of Debian has one); as Debian builds it,
// fusermount3 also runs mount and umount, for /etc/mtab.
import { containerdRuntimes } from './harness/containerd';
import { diagnose } from './harness/diagnosis';
import { Installation, minutes, systemDeploymentYaml } from './harness/installation';
import { Cluster } from './harness/kubectl';
import { distImages } from './harness/manifests';
import type { Node } from './harness/node';
import { platform, serverNode } from './harness/platform';
import { difference, snapshot, type Snapshot } from './harness/snapshot';
import { Steps } from './harness/steps';
import { waitFor } from './harness/wait';

jest.setTimeout(90 * 60_000);

const PROFILE = '/etc/apparmor.d/fusermount3';
const LOCAL = '/etc/apparmor.d/local/fusermount3';
const THEIRS = '# a rule of the administrator\nmount fstype=@{fuse_types} options=(nosuid,nodev,rw) -> /srv/**/,\n';

const profile = (include: string) => `abi <abi/4.0>,
include <tunables/global>
@{fuse_types} = {fuse,fuse.*,fuseblk,fusectl}
profile fusermount3 /usr/bin/fusermount3 {
  include <abstractions/base>
  include <abstractions/nameservice>
  capability sys_admin,
  capability dac_override,
  capability dac_read_search,
  capability setuid,
  /usr/bin/fusermount3 mr,
  /usr/bin/{,u}mount rix,
  @{run}/mount/{,**} rw,
  /dev/fuse rw,
  /etc/fuse.conf r,
  /etc/mtab r,
  @{PROC}/@{pid}/{mounts,mountinfo} r,
  / r,
  /var/lib/** r,
  mount fstype=@{fuse_types} options=(nosuid,nodev) options in (ro,rw,noatime,dirsync,nodiratime,noexec,sync) -> /mnt/{,**/},
  mount fstype=@{fuse_types} options=(nosuid,nodev) options in (ro,rw,noatime,dirsync,nodiratime,noexec,sync) -> /tmp/**/,
  umount /mnt/{,**/},
  umount /tmp/**/,
${include}}
`;
const included = profile('  include if exists <local/fusermount3>\n');

const steps = new Steps('A node with AppArmor in force');
let node: Node;
let cluster: Cluster;
let installation: Installation;
let before: Snapshot;
let starts: number;

const load = () => node.run(`apparmor_parser --replace ${PROFILE}`);
/** The operations of fusermount3 that AppArmor has denied since the boot. */
const denials = () =>
  node.run(`journalctl -k -q -b -o cat | grep 'apparmor="DENIED"' | grep 'profile="fusermount3"' || true`);

async function explained(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    process.stdout.write(await diagnose(node, cluster));
    process.stdout.write(await node.run(`journalctl -k -q -b -o cat | grep -i apparmor= | tail -n 40`));
    throw error;
  }
}

beforeAll(async () => {
  const built = await platform(distImages(), [], { appArmor: true });
  const files = { [PROFILE]: { content: profile('') }, [LOCAL]: { content: THEIRS } };
  node = await serverNode(built, { files });
  const start = new Date();
  await steps.step('boot to ssh', () => node.boot());
  await load();
  cluster = await Cluster.of(node);
  installation = new Installation(node, cluster);
  await steps.step('K3s Ready', () => cluster.nodeReady(node.name, start));
  before = await snapshot(node);
  starts = await node.starts('k3s');
});

afterAll(async () => {
  steps.print();
  await node?.dispose();
});

test('AppArmor is in force, and pods are confined', async () => {
  expect(await node.run('cat /sys/module/apparmor/parameters/enabled')).toBe('Y');
  const profiles = await node.run('cat /sys/kernel/security/apparmor/profiles');
  expect(profiles).toContain('fusermount3 (enforce)');
});

test('a profile that cannot take rules is refused, before anything is changed', () =>
  explained(async () => {
    await installation.apply();
    const { message } = await steps.step('refused', () =>
      installation.says('AppArmor', ({ stage, reason }) => stage === 'failed' && reason === 'AppArmor'),
    );
    process.stdout.write(`  ${message}\n`);
    expect(message).toContain('include if exists <local/fusermount3>');
    expect(await node.run(`cat ${LOCAL}`)).toBe(THEIRS.trim());
    expect(await node.starts('k3s')).toBe(starts);
    const [pod] = (await cluster.get<{ items: { metadata: { name: string } }[] }>('pods', '-n', 'sysbox-system')).items;
    const confinement = await cluster.exec(pod!.metadata.name, ['cat', '/proc/self/attr/current'], 'sysbox-system');
    process.stdout.write(`  the installer's pod: ${confinement}\n`);
    expect(confinement).toContain('(enforce)');
  }));

test('with the local file included, the installer adds its rules, and a system pod runs', () =>
  explained(async () => {
    await node.put(PROFILE, { content: included });
    await load();
    await cluster.kubectl(['annotate', 'node', node.name, 'cdk8s-sysbox.io/retry=true']);
    await steps.step('installed', () => installation.ready(new Date(0), minutes(40)));
    expect(await node.starts('k3s')).toBe(starts + 1);
    const local = await node.run(`cat ${LOCAL}`);
    expect(local.startsWith(THEIRS)).toBe(true);
    expect(local).toMatch(/-> \/var\/lib\/sysboxfs\/\*\*\/, # cdk8s-sysbox$/m);
    expect((await containerdRuntimes(node))['sysbox-runc']).toBeDefined();
    await cluster.apply(systemDeploymentYaml('sandbox'));
    const pod = await steps.step('system pod runs', () => installation.deploymentPod('sandbox'));
    expect(await cluster.exec(pod, ['cat', '/proc/1/mounts'])).toMatch(/^sysboxfs \/proc\/uptime fuse/m);
    expect(await denials()).toBe('');
  }));

test('without these rules, no system pod starts: the profile is in force', () =>
  explained(async () => {
    const rules = await node.run(`cat ${LOCAL}`);
    await node.put(LOCAL, { content: THEIRS });
    await load();
    const pod = await installation.deploymentPod('sandbox');
    await cluster.kubectl(['delete', 'pod', pod, '--wait=false']);
    await steps.step('denied', () =>
      waitFor('a denial', minutes(5), async () => /operation="mount"/.test(await denials())),
    );
    process.stdout.write(`  ${(await denials()).split('\n').find((line) => line.includes('operation="mount"'))}\n`);
    await node.put(LOCAL, { content: `${rules}\n` });
    await load();
    await steps.step('with them again, it runs', () => installation.deploymentPod('sandbox', [pod]));
  }));

test('the uninstall takes the rules out, and leaves the node as it was', () =>
  explained(async () => {
    await cluster.kubectl(['delete', 'deployment', 'sandbox', '--cascade=foreground'], { timeoutMs: 10 * 60_000 });
    const since = new Date();
    await installation.apply({ uninstall: true });
    await steps.step('uninstalled', () => installation.removed());
    await cluster.nodeReady(node.name, since);
    expect(await node.starts('k3s')).toBe(starts + 2);
    await node.put(PROFILE, { content: profile('') }); // this test's own change
    expect(difference(before, await snapshot(node))).toEqual({ added: [], removed: [], changed: [] });
  }));
