// dist/ as it stands, applied to a real K3s node: the article's pod runs under Sysbox.
import { containerdRuntimes, type RuntimeTable } from './harness/containerd';
import { diagnose } from './harness/diagnosis';
import { Cluster } from './harness/kubectl';
import { distFiles, distImages } from './harness/manifests';
import type { Node } from './harness/node';
import { platform, serverNode } from './harness/platform';
import { Steps } from './harness/steps';

jest.setTimeout(90 * 60_000);

const steps = new Steps('dist/ applied to a K3s node');
let node: Node;
let cluster: Cluster;
let runtimesBefore: Record<string, RuntimeTable>;
let invocationBefore: string;

beforeAll(async () => {
  const built = await steps.step('platform built or found in the cache', () => platform(distImages()));
  node = await serverNode(built);
  const start = new Date();
  await steps.step('boot to ssh', () => node.boot());
  cluster = await Cluster.of(node);
  await steps.step('K3s Ready', () => cluster.nodeReady(node.name, start));
  runtimesBefore = await containerdRuntimes(node);
  invocationBefore = await node.invocationId('k3s');
  try {
    await cluster.kubectl(['label', 'node', node.name, 'sysbox-install=yes']);
    await steps.step('dist/ applied', async () => {
      for (const text of distFiles()) await cluster.apply(text);
    });
    await steps.step('node labelled sysbox-runtime=running', () =>
      cluster.nodeLabel(node.name, 'sysbox-runtime', 'running'),
    );
    await steps.step('pod ubuntu Running', () => cluster.podRunning('ubuntu'));
  } catch (error) {
    process.stdout.write(await diagnose(node, cluster));
    throw error;
  }
});

afterAll(async () => {
  steps.print();
  await node?.dispose();
});

test('the pod sees sysboxfs under /proc', async () => {
  const mounts = await cluster.exec('ubuntu', ['cat', '/proc/1/mounts']);
  process.stdout.write(
    mounts
      .split('\n')
      .filter((line) => line.includes('sysboxfs'))
      .join('\n') + '\n',
  );
  expect(mounts).toMatch(/^sysboxfs \/proc\/uptime fuse/m);
});

test('root in the pod is not root on the node', async () => {
  const [inside, outside, length] = (await cluster.exec('ubuntu', ['cat', '/proc/1/uid_map']))
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
  expect(await node.starts('k3s')).toBe(2);
});
