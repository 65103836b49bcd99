// The node, the binaries and the images without our installer: when this fails, nothing else here can pass.
import { containerdRuntimes } from './harness/containerd';
import { diagnose } from './harness/diagnosis';
import { Cluster } from './harness/kubectl';
import { distImages } from './harness/manifests';
import type { Node } from './harness/node';
import { platform, serverNode } from './harness/platform';
import { Steps } from './harness/steps';
import { installSysboxByHand, runtimeClass } from './harness/sysboxByHand';
import { waitFor } from './harness/wait';

jest.setTimeout(90 * 60_000);

const pod = (name: string, extra: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: default }
spec:
  ${extra}
  terminationGracePeriodSeconds: 1
  containers:
    - { name: main, image: '${distImages().ubuntu}', command: [sleep, infinity] }
`;

const steps = new Steps('Node, binaries and images without the installer');
let node: Node;
let cluster: Cluster;

beforeAll(async () => {
  const built = await steps.step('platform built or found in the cache', () => platform(distImages()));
  node = await serverNode(built);
  const start = new Date();
  await steps.step('boot to ssh', () => node.boot());
  cluster = await Cluster.of(node);
  await steps.step('K3s Ready', () => cluster.nodeReady(node.name, start));
});

afterAll(async () => {
  steps.print();
  await node?.dispose();
});

test('K3s runs a plain pod from a side-loaded image', async () => {
  await cluster.apply(pod('plain', ''));
  await steps.step('plain pod Running', () => cluster.podRunning('plain'));
  expect(await cluster.exec('plain', ['cat', '/proc/1/mounts'])).not.toContain('sysboxfs');
});

test('Sysbox put there by hand runs a pod', async () => {
  try {
    const { sysboxDir } = await platform(distImages());
    await steps.step('Sysbox by hand', () => installSysboxByHand(node, sysboxDir));
    const restart = new Date();
    await steps.step('K3s restart', () => node.run('systemctl restart k3s', { timeoutMs: 10 * 60_000 }));
    await steps.step('node Ready', () => cluster.nodeReady(node.name, restart));
    expect((await containerdRuntimes(node))['sysbox-runc']).toMatchObject({ runtime_type: 'io.containerd.runc.v2' });
    await waitFor('RuntimeClass', { timeoutMs: 60_000 }, () => cluster.apply(runtimeClass));
    await cluster.apply(pod('system', 'runtimeClassName: sysbox-runc\n  hostUsers: false'));
    await steps.step('Sysbox pod Running', () => cluster.podRunning('system'));
    expect(await cluster.exec('system', ['cat', '/proc/1/mounts'])).toContain('sysboxfs');
    expect(await node.starts('k3s')).toBe(2);
  } catch (error) {
    process.stdout.write(await diagnose(node, cluster));
    throw error;
  }
});
