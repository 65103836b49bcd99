// The life of a runtime on a real node: installed, looked at again, its daemon killed, uninstalled without a trace.
import { App, Chart, Yaml } from 'cdk8s';
import { SysboxRuntime } from '../../src';
import { diagnose } from './harness/diagnosis';
import { Cluster } from './harness/kubectl';
import { distFiles, distImages } from './harness/manifests';
import type { Node } from './harness/node';
import { platform, serverNode } from './harness/platform';
import { difference, snapshot, type Snapshot } from './harness/snapshot';
import { Steps } from './harness/steps';
import { waitFor } from './harness/wait';

jest.setTimeout(90 * 60_000);

const steps = new Steps('the life of a runtime on a K3s node');
const minutes = (count: number) => ({ timeoutMs: count * 60_000, everyMs: 5_000 });
const installerPods = ['pods', '-n', 'sysbox-system', '-l', 'app.kubernetes.io/name=sysbox-installer'];
let node: Node;
let cluster: Cluster;
let before: Snapshot;

const stage = async () => {
  const { metadata } = await cluster.get<{ metadata: { annotations: Record<string, string> } }>('node', node.name);
  return metadata.annotations['cdk8s-sysbox.io/stage'];
};
const taints = async () => {
  const { spec } = await cluster.get<{ spec: { taints?: { key: string }[] } }>('node', node.name);
  return (spec.taints ?? []).map(({ key }) => key);
};
const ready = () =>
  waitFor('installer ready', minutes(20), async () => {
    const { items } = await cluster.get<{ items: { status: { containerStatuses?: { ready: boolean }[] } }[] }>(
      ...installerPods,
    );
    return items.length === 1 && items[0]?.status.containerStatuses?.[0]?.ready === true;
  });

beforeAll(async () => {
  const built = await steps.step('platform built or found in the cache', () => platform(distImages()));
  node = await serverNode(built);
  const start = new Date();
  await steps.step('boot to ssh', () => node.boot());
  cluster = await Cluster.of(node);
  await steps.step('K3s Ready', () => cluster.nodeReady(node.name, start));
  before = await steps.step('snapshot before', () => snapshot(node));
  await cluster.kubectl(['label', 'node', node.name, 'sysbox-install=yes']);
  try {
    for (const text of distFiles()) await cluster.apply(text);
    await steps.step('installed', () => cluster.nodeLabel(node.name, 'sysbox-runtime', 'running'));
    await steps.step('pod ubuntu Running', () => cluster.podRunning('ubuntu'));
    await steps.step('installer ready', ready);
  } catch (error) {
    process.stdout.write(await diagnose(node, cluster));
    throw error;
  }
});

afterAll(async () => {
  steps.print();
  await node?.dispose();
});

test('another installer pod restarts nothing', async () => {
  const invocation = await node.invocationId('k3s');
  await cluster.kubectl(['delete', ...installerPods, '--wait=true'], { timeoutMs: 5 * 60_000 });
  await steps.step('installer ready again', ready);
  expect(await node.invocationId('k3s')).toBe(invocation);
});

test('a dead daemon is told, and started again when the system pods are gone', async () => {
  const invocation = await node.invocationId('k3s');
  await node.run('systemctl kill -s KILL sysbox-fs');
  await steps.step('daemon killed to taint', () =>
    waitFor('taint', minutes(10), async () => (await taints()).includes('sysbox-runtime')),
  );
  // It has no owner: nothing would make it again, so the installer waits for a person.
  await cluster.kubectl(['delete', 'pod', 'ubuntu', '--grace-period=5'], { timeoutMs: 5 * 60_000 });
  await steps.step('daemons back', () =>
    waitFor(
      'ready',
      minutes(15),
      async () => (await stage()) === 'ready' && !(await taints()).includes('sysbox-runtime'),
    ),
  );
  expect(await node.run('systemctl is-active sysbox-mgr sysbox-fs')).toBe('active\nactive');
  expect(await node.invocationId('k3s')).toBe(invocation);
});

test('an uninstall leaves files and units as they were', async () => {
  const chart = new Chart(new App(), 'platform', { disableResourceNameHashes: true });
  new SysboxRuntime(chart, 'sysbox', { installation: { uninstall: true } });
  await cluster.apply(Yaml.stringify(...chart.toJson()));
  await steps.step('uninstalled', () =>
    waitFor('no annotation left', minutes(20), async () => (await stage()) === undefined),
  );
  const after = await steps.step('snapshot after', () => snapshot(node));
  const { added, removed, changed } = difference(before, after);
  // Sysbox's own daemons keep their data folders; no installer wrote them.
  const foreign = (line: string) => !/\/var\/lib\/sysbox(fs)?(\/|$)/.test(line);
  expect({ added: added.filter(foreign), removed, changed: changed.filter(foreign) }).toEqual({
    added: [],
    removed: [],
    changed: [],
  });
});
