// Two versions of K3s on one node: the runtime is installed on the first, K3s is upgraded to the second under a running system pod,
// and an uninstall leaves the node as it was. K3S_BIN and K3S_NEXT_BIN name them, one minor apart; without the second, K3s is replaced by
// the same binary.
import { containerdRuntimes } from './harness/containerd';
import { diagnose } from './harness/diagnosis';
import { sleep } from './harness/host';
import { Installation, systemDeploymentYaml } from './harness/installation';
import { Cluster } from './harness/kubectl';
import { distImages } from './harness/manifests';
import { nextK3s } from './harness/nextRelease';
import type { Node } from './harness/node';
import { platform, serverNode } from './harness/platform';
import { difference, snapshot, type Snapshot } from './harness/snapshot';
import { Steps } from './harness/steps';

jest.setTimeout(90 * 60_000);

const K3S = '/usr/local/bin/k3s';
const NEXT = '/var/tmp/k3s-next';
const RENDERED = '/var/lib/rancher/k3s/agent/etc/containerd/config.toml';
/** K3s writes it at a start, with a certificate that another version can have renewed. */
const KUBECONFIG = '/etc/rancher/k3s/k3s.yaml';

const steps = new Steps('Two versions of K3s: install, upgrade, uninstall');
let node: Node;
let cluster: Cluster;
let installation: Installation;
let before: Snapshot;

interface NodeInfo {
  readonly kubeletVersion: string;
  readonly containerRuntimeVersion: string;
}

beforeAll(async () => {
  const built = await platform(distImages());
  node = await serverNode(built, { files: { [NEXT]: { from: nextK3s() ?? built.k3s, mode: 0o755 } } });
  const start = new Date();
  await steps.step('boot to ssh', () => node.boot());
  cluster = await Cluster.of(node);
  installation = new Installation(node, cluster);
  await steps.step('K3s Ready', () => cluster.nodeReady(node.name, start));
  before = await snapshot(node);
});

afterAll(async () => {
  steps.print();
  await node?.dispose();
});

async function explained(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    process.stdout.write(await diagnose(node, cluster));
    throw error;
  }
}

async function version(): Promise<NodeInfo> {
  const { status } = await cluster.get<{ status: { nodeInfo: NodeInfo } }>('node', node.name);
  process.stdout.write(`  ${status.nodeInfo.kubeletVersion}, ${status.nodeInfo.containerRuntimeVersion}\n`);
  return status.nodeInfo;
}

/** What `k3s --version` says, as the kubelet reports it. */
const versionOf = (program: string) => node.run(`${program} --version | awk 'NR == 1 { print $3 }'`);

/** The container of a pod, which is another one after a restart of it. */
async function containerOf(pod: string): Promise<string> {
  const { status } = await cluster.get<{ status: { containerStatuses: { containerID: string }[] } }>('pod', pod);
  return status.containerStatuses[0]!.containerID;
}

const sysboxfs = /^sysboxfs \/proc\/uptime fuse/m;

test('the first installation restarts K3s once, and a system pod runs', () =>
  explained(async () => {
    expect((await version()).kubeletVersion).toBe(await versionOf(K3S));
    const starts = await node.starts('k3s');
    await installation.apply();
    await steps.step('installed', () => installation.ready());
    expect(await node.starts('k3s')).toBe(starts + 1);
    expect((await containerdRuntimes(node))['sysbox-runc']).toMatchObject({ options: { SystemdCgroup: true } });
    await cluster.apply(systemDeploymentYaml('sandbox'));
    const pod = await steps.step('system pod runs', () => installation.deploymentPod('sandbox'));
    expect(await cluster.exec(pod, ['cat', '/proc/1/mounts'])).toMatch(sysboxfs);
  }));

test('an upgrade of K3s keeps the system pod and the runtime, and needs no restart of ours', () =>
  explained(async () => {
    const pod = await installation.deploymentPod('sandbox');
    const container = await containerOf(pod);
    const starts = await node.starts('k3s');
    const wanted = await versionOf(NEXT);
    const since = new Date();
    await steps.step('K3s replaced, restarted, Ready', async () => {
      await node.run(`mv ${NEXT} ${K3S} && systemctl restart k3s`, { timeoutMs: 10 * 60_000 });
      await cluster.nodeReady(node.name, since);
    });
    expect((await version()).kubeletVersion).toBe(wanted);
    expect((await containerdRuntimes(node))['sysbox-runc']).toMatchObject({ options: { SystemdCgroup: true } });
    await sleep(90_000); // the installer looks at its node once a minute
    await installation.ready();
    expect(await installation.said()).toMatchObject({ label: 'running', stage: 'ready', tainted: false });
    expect(await node.starts('k3s')).toBe(starts + 1);
    expect(await installation.deploymentPod('sandbox')).toBe(pod);
    expect(await containerOf(pod)).toBe(container);
    expect(await cluster.exec(pod, ['cat', '/proc/uptime'])).toMatch(/^\d/);
    await cluster.kubectl(['delete', 'pod', pod, '--wait=true']);
    const another = await steps.step('another system pod runs', () => installation.deploymentPod('sandbox', [pod]));
    expect(await cluster.exec(another, ['cat', '/proc/1/mounts'])).toMatch(sysboxfs);
  }));

test('the uninstall leaves the node as it was, but for what the upgrade changed', () =>
  explained(async () => {
    await cluster.kubectl(['delete', 'deployment', 'sandbox', '--cascade=foreground'], { timeoutMs: 10 * 60_000 });
    const starts = await node.starts('k3s');
    const since = new Date();
    await installation.apply({ uninstall: true });
    await steps.step('uninstalled', () => installation.removed());
    await cluster.nodeReady(node.name, since);
    expect(await node.starts('k3s')).toBe(starts + 1);
    expect(await containerdRuntimes(node)).not.toHaveProperty('sysbox-runc');
    const { added, removed, changed } = difference(before, await snapshot(node));
    const upgraded = [K3S, RENDERED, KUBECONFIG].map((file) => `content ${file}`);
    const others = changed.filter((one) => !upgraded.includes(one));
    expect({ added, removed, changed: others }).toEqual({ added: [], removed: [], changed: [] });
  }));
