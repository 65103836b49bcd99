// dist/ as it stands, applied to a real K3s node: the article's pod runs under Sysbox.
import { ApiWatch } from './harness/apiWatch';
import { containerdRuntimes, type RuntimeTable } from './harness/containerd';
import { diagnose } from './harness/diagnosis';
import { idleCost, idleRow } from './harness/idle';
import { installerPods } from './harness/installation';
import { keepInstalled } from './harness/installed';
import { Cluster } from './harness/kubectl';
import { distFiles, distImages } from './harness/manifests';
import type { Node } from './harness/node';
import { platform, serverNode, type Platform } from './harness/platform';
import { snapshot, type Snapshot } from './harness/snapshot';
import { Steps } from './harness/steps';

jest.setTimeout(90 * 60_000);

const steps = new Steps('dist/ applied to a K3s node');
let built: Platform;
let node: Node;
let cluster: Cluster;
let before: Snapshot;
let runtimesBefore: Record<string, RuntimeTable>;
let invocationBefore: string;
let startsBefore: number;
/** Seconds without an answer of the API server, at a restart by hand on the bare node and at the installer's. */
let bareGap: number;
let gap: number;
let installed = false;

/** As a person restarts K3s on a node without us. */
async function bareRestart(): Promise<void> {
  const watch = new ApiWatch(cluster);
  const since = new Date();
  await node.run('systemctl restart k3s', { timeoutMs: 10 * 60_000 });
  await cluster.nodeReady(node.name, since);
  bareGap = watch.stop();
}

beforeAll(async () => {
  built = await steps.step('platform built or found in the cache', () => platform(distImages()));
  node = await serverNode(built);
  const start = new Date();
  await steps.step('boot to ssh', () => node.boot());
  cluster = await Cluster.of(node);
  await steps.step('K3s Ready', () => cluster.nodeReady(node.name, start));
  before = await steps.step('files and units noted', () => snapshot(node));
  await steps.step('bare restart of K3s to Ready', bareRestart);
  runtimesBefore = await containerdRuntimes(node);
  invocationBefore = await node.invocationId('k3s');
  startsBefore = await node.starts('k3s');
  const watch = new ApiWatch(cluster);
  try {
    await cluster.kubectl(['label', 'node', node.name, 'sysbox-install=yes']);
    await steps.step('dist/ applied', async () => {
      for (const text of distFiles()) await cluster.apply(text);
    });
    await steps.step('node labelled sysbox-runtime=running', () =>
      cluster.nodeLabel(node.name, 'sysbox-runtime', 'running'),
    );
    await steps.step('Deployment ubuntu available', () => cluster.deploymentAvailable('ubuntu', 'sysbox-demo'));
    gap = watch.stop();
    installed = true;
  } catch (error) {
    watch.stop();
    process.stdout.write(await diagnose(node, cluster));
    throw error;
  }
});

afterAll(async () => {
  steps.print();
  try {
    if (installed) await keepInstalled(built, node, cluster, before);
  } finally {
    await node?.dispose();
  }
});

test('the pod sees sysboxfs under /proc', async () => {
  const mounts = await cluster.exec('deployment/ubuntu', ['cat', '/proc/1/mounts'], 'sysbox-demo');
  process.stdout.write(
    mounts
      .split('\n')
      .filter((line) => line.includes('sysboxfs'))
      .join('\n') + '\n',
  );
  expect(mounts).toMatch(/^sysboxfs \/proc\/uptime fuse/m);
});

test('root in the pod is not root on the node', async () => {
  const [inside, outside, length] = (await cluster.exec('deployment/ubuntu', ['cat', '/proc/1/uid_map'], 'sysbox-demo'))
    .trim()
    .split(/\s+/)
    .map(Number);
  expect(inside).toBe(0);
  expect(outside).toBeGreaterThanOrEqual(65_536);
  expect(length).toBeGreaterThanOrEqual(65_536);
});

test('the pod lies in the cgroup that its limits are set on', async () => {
  const pid = await node.run(
    `crictl inspect --output go-template --template '{{.info.pid}}' $(crictl ps --quiet --name '^ubuntu$')`,
  );
  expect(await node.run(`cat /proc/${pid}/cgroup`)).toContain('/kubepods');
});

test("containerd has the handler's table, and runc's is what it was", async () => {
  const runtimes = await containerdRuntimes(node);
  expect(runtimes['sysbox-runc']).toMatchObject({
    runtime_type: 'io.containerd.runc.v2',
    options: { BinaryName: expect.stringMatching(/\/sysbox-runc$/), SystemdCgroup: true },
  });
  expect(runtimes.runc).toEqual(runtimesBefore.runc);
  expect(Object.keys(runtimes).sort()).toEqual([...Object.keys(runtimesBefore), 'sysbox-runc'].sort());
});

test('the kubelet knows that the handler has user namespaces', async () => {
  const { status } = await cluster.get<{ status: { runtimeHandlers: { name: string; features: object }[] } }>(
    'node',
    node.name,
  );
  expect(status.runtimeHandlers.find(({ name }) => name === 'sysbox-runc')?.features).toMatchObject({
    userNamespaces: true,
  });
});

test('K3s was restarted exactly once', async () => {
  expect(await node.invocationId('k3s')).not.toBe(invocationBefore);
  expect(await node.starts('k3s')).toBe(startsBefore + 1);
});

test('the API server was away hardly longer than at a restart by hand', () => {
  process.stdout.write(`  API away: ${gap.toFixed(1)} s, at a bare restart ${bareGap.toFixed(1)} s\n`);
  expect(gap / bareGap).toBeLessThan(2);
});

test('the idle installer costs next to nothing', async () => {
  const { items } = await cluster.get<{ items: { metadata: { name: string } }[] }>(...installerPods);
  const idle = await steps.step('idle', () => idleCost(node, cluster, items[0]!.metadata.name, 'sysbox-system', 120));
  process.stdout.write(idleRow('installer', idle));
  expect(idle.memoryMiB).toBeLessThan(32); // its request
});
