// A K3s agent whose unit and data dir have names of their own, and whose server goes away at the worst moments.
import { Duration } from 'cdk8s';
import { agentNode, agentPlatform } from './harness/agentNode';
import { containerdRuntimes, type RuntimeTable } from './harness/containerd';
import { diagnose } from './harness/diagnosis';
import { sleep } from './harness/host';
import { runtimeYaml } from './harness/installation';
import { startK3s } from './harness/k3s';
import type { Cluster, PodStatus } from './harness/kubectl';
import { distImages } from './harness/manifests';
import type { NativeServer } from './harness/nativeServer';
import type { Node } from './harness/node';
import { rollout } from './harness/rollout';
import { difference, snapshot, type Snapshot } from './harness/snapshot';
import { Steps } from './harness/steps';
import { waitFor } from './harness/wait';

jest.setTimeout(90 * 60_000);

const unit = 'edge';
const dataDir = '/data/k3s';
const containerdDirectory = `${dataDir}/agent/etc/containerd`;
const dropIn = `${containerdDirectory}/config-v3.toml.d/cdk8s-sysbox.toml`;
const namespace = 'sysbox-system';
const deadline = 240;
const settings = { deadline: Duration.seconds(deadline) };

const steps = new Steps('A K3s agent, its server away, and its uninstall');
let server: NativeServer;
let node: Node;
let cluster: Cluster;
let before: Snapshot;
let runtimesBefore: Record<string, RuntimeTable>;
let starts: number;
let broken = false;

const pod = (name: string, extra: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: default }
spec:
  ${extra}
  terminationGracePeriodSeconds: 1
  containers:
    - { name: main, image: '${distImages().ubuntu}', command: [sleep, infinity] }
`;

beforeAll(async () => {
  const agents = await agentPlatform({ unit, dataDir });
  server = agents.server;
  cluster = server.cluster;
  server.start();
  // As an autoscaled node registers: wanted, and closed until it has the runtime.
  const config = { 'node-label': ['sysbox-install=yes'], 'node-taint': ['sysbox-runtime=not-running:NoSchedule'] };
  node = await agentNode(server, unit, { name: 'edge-1', disk: agents.disk, config, memoryMiB: 3072 });
  const start = new Date();
  await steps.step('server ready', () => server.ready());
  await steps.step('boot to ssh', () => node.boot());
  await diagnosed(async () => {
    await startK3s(node, { unit, role: 'agent' });
    await steps.step('agent Ready', () => cluster.nodeReady(node.name, start));
    before = await steps.step('snapshot before', () => snapshot(node, containerdDirectory));
    runtimesBefore = await containerdRuntimes(node, dataDir);
  });
});

afterAll(async () => {
  steps.print();
  await node?.dispose();
  await server?.dispose();
});

test('the first install finds the renamed unit and the data dir, and restarts the agent once', async () => {
  await diagnosed(async () => {
    await cluster.apply(pod('plain', ''));
    await cluster.apply(runtimeYaml({ rollout: settings }));
    await cluster.apply(pod('ubuntu', 'runtimeClassName: sysbox-runc\n  hostUsers: false'));
    await waitFor('installer pod', { timeoutMs: 10 * 60_000 }, async () => (await installerPods()).length === 1);
    await keptAway('plain');
    await steps.step('node labelled sysbox-runtime=running', () =>
      cluster.nodeLabel(node.name, 'sysbox-runtime', 'running'),
    );
    await steps.step('stage ready', () => nodeIsDone());
  });
  expect(await status()).toMatchObject({ unit, path: dropIn, stage: 'verified' });
  expect(await node.starts(unit)).toBe(2);
  expect(await journal('rollbacks')).toBe('');
  const runtimes = await containerdRuntimes(node, dataDir);
  expect(runtimes['sysbox-runc']).toMatchObject({ options: { SystemdCgroup: true } });
  expect(runtimes.runc).toEqual(runtimesBefore.runc);
});

test('with the runtime, the startup taint is gone, and the pods that it kept away run', async () => {
  await diagnosed(async () => {
    await steps.step('plain pod Running', () => cluster.podRunning('plain'));
    await steps.step('system pod Running', () => cluster.podRunning('ubuntu'));
  });
  expect((await nodeObject()).spec.taints ?? []).toEqual([]);
  // Through the agent's tunnel.
  expect(await cluster.exec('ubuntu', ['cat', '/proc/1/mounts'])).toMatch(/^sysboxfs \/proc\/uptime fuse/m);
  expect(await cluster.exec('plain', ['cat', '/proc/1/mounts'])).not.toContain('sysboxfs');
  const [installer] = await installerPods();
  expect(await cluster.logs(installer!, namespace)).toContain('ready');
});

test('a change that comes due while the server is away is refused, restarts nothing, and is made when it is back', async () => {
  const invocation = await node.invocationId(unit);
  starts = await node.starts(unit);
  const container = await systemContainer();
  await diagnosed(async () => {
    await node.run(`rm ${dropIn}`); // the installer sees at its next look that a change is due
    await waitFor('slot', { timeoutMs: 5 * 60_000, everyMs: 200 }, async () =>
      (await rolloutState()).holders.includes(node.name),
    );
    await server.kill();
    await steps.step('refused: ServerUnreachable', () =>
      waitFor('refusal', { timeoutMs: 5 * 60_000 }, async (last) => {
        last(JSON.stringify(await status()));
        return (await status()).reason === 'ServerUnreachable';
      }),
    );
  });
  // The coordinator asks the API for its slot back for as long as it takes; nothing happens on the node meanwhile.
  await sleep(30_000);
  expect(await node.invocationId(unit)).toBe(invocation);
  expect(await node.exec(`test -e ${dropIn}`)).toMatchObject({ code: 1 });
  expect(await journal('state')).toBe('verified');
  expect(await node.run(`systemctl is-active ${unit}`)).toBe('active');

  server.start();
  await diagnosed(async () => {
    await steps.step('server ready again', () => server.ready());
    await steps.step('the change is made', () =>
      waitFor('restart', { timeoutMs: 15 * 60_000 }, async () => (await node.invocationId(unit)) !== invocation),
    );
    await nodeIsDone();
  });
  expect(await node.starts(unit)).toBe(starts + 1);
  expect(await journal('rollbacks')).toBe('');
  expect(await rolloutState()).toMatchObject({ failed: {}, holders: [] });
  expect(await systemContainer()).toEqual(container);
});

test('a server that leaves between the restart and the health is waited for, and no dead-man rolls back', async () => {
  const invocation = await node.invocationId(unit);
  starts = await node.starts(unit);
  const container = await systemContainer();
  const looksBefore = (await looks()).length;
  await diagnosed(async () => {
    await node.run(`rm ${dropIn}`);
    await node.run(
      `until [ "$(systemctl show -p InvocationID --value ${unit})" != ${invocation} ]; do sleep 0.2; done`,
      { timeoutMs: 15 * 60_000 },
    );
    await server.kill();
    await steps.step('outage to the first look of the dead-man', () =>
      waitFor('dead-man', { timeoutMs: (deadline + 300) * 1_000 }, async () => (await looks()).length > looksBefore),
    );
  });
  expect(await journal('state')).toBe('committed');
  expect(await k3sLog()).toMatch(/Failed to validate connection to cluster|Waiting to retrieve/);
  expect(
    (
      await node.exec(
        `${dataDir}/data/current/bin/crictl --runtime-endpoint unix:///run/k3s/containerd/containerd.sock version`,
      )
    ).code,
  ).not.toBe(0);

  await diagnosed(async () => {
    // The server is back a moment before the dead-man looks again: too late for K3s to have started containerd.
    await node.run(cut('-I'));
    server.start();
    await server.ready();
    const [last] = (await looks()).slice(-1);
    const left = last! + deadline - Number(await node.run('date +%s.%N'));
    expect(left).toBeGreaterThan(5);
    await sleep((left - 4) * 1_000);
    await node.run(cut('-D'));
    await steps.step('second look of the dead-man', () =>
      waitFor('dead-man', { timeoutMs: 120_000 }, async () => (await looks()).length > looksBefore + 1),
    );
    await steps.step('ready after the outage', () => nodeIsDone());
  });
  expect(await node.starts(unit)).toBe(starts + 1);
  expect(await journal('rollbacks')).toBe('');
  expect(await rolloutState()).toMatchObject({ failed: {}, holders: [] });
  expect((await nodeObject()).metadata.labels['sysbox-runtime']).toBe('running');
  expect(await node.run(`test -e ${dropIn} && echo there`)).toBe('there');
  expect(await systemContainer()).toEqual(container);
  expect(await cluster.exec('ubuntu', ['cat', '/proc/1/mounts'])).toContain('sysboxfs');
});

test('an uninstall leaves the agent as it was', async () => {
  starts = await node.starts(unit);
  await diagnosed(async () => {
    await cluster.kubectl(['delete', 'pod', 'ubuntu', 'plain', '--timeout=5m'], { timeoutMs: 6 * 60_000 });
    const removal = runtimeYaml({ rollout: settings, uninstall: true });
    await cluster.apply(removal);
    await steps.step('uninstalled', () =>
      waitFor('uninstall', { timeoutMs: 20 * 60_000 }, async (last) => {
        const { metadata } = await nodeObject();
        last(JSON.stringify(metadata));
        return (
          metadata.annotations['cdk8s-sysbox.io/stage'] === 'removed' &&
          (await node.exec('test -e /var/lib/cdk8s-sysbox')).code === 1
        );
      }),
    );
    await cluster.kubectl(['delete', '--timeout=5m', '-f', '-'], { stdin: removal, timeoutMs: 6 * 60_000 });
  });
  expect((await nodeObject()).metadata.labels['sysbox-runtime']).toBeUndefined();
  expect((await nodeObject()).spec.taints ?? []).toEqual([]);
  expect(await node.starts(unit)).toBe(starts + 1);
  const after = await steps.step('snapshot after', () => snapshot(node, containerdDirectory));
  expect(difference(before, after)).toEqual({ added: [], removed: [], changed: [] });
});

// --- what is looked at ---

interface NodeObject {
  readonly metadata: Record<'labels' | 'annotations', Record<string, string>>;
  readonly spec: { readonly taints?: readonly { key: string }[] };
}

const nodeObject = () => cluster.get<NodeObject>('node', node.name);

/** The installer says that the node is done: ready, and it holds no slot. */
const nodeIsDone = () =>
  waitFor('node ready', { timeoutMs: 20 * 60_000 }, async (last) => {
    const { metadata } = await nodeObject();
    last(JSON.stringify(metadata.annotations));
    const done = metadata.annotations['cdk8s-sysbox.io/stage'] === 'ready' && (await journal('state')) === 'verified';
    return (
      done && (await node.exec(`test -e ${dropIn}`)).code === 0 && !(await rolloutState()).holders.includes(node.name)
    );
  });

const rolloutState = () => rollout(cluster);

const journal = (key: string) => node.run(`sed -n 's/^${key}=//p' /var/lib/cdk8s-sysbox/journal`);

const status = async () =>
  JSON.parse(await node.run('cat /var/lib/cdk8s-sysbox/status.json')) as Record<string, string>;

const k3sLog = () => node.run(`journalctl -b -q -o cat -n 200 -u ${unit}`);

/** When the dead-man looked and found that K3s waits for its server, in seconds of the node's clock. */
async function looks(): Promise<number[]> {
  const lines = await node.run(`journalctl -b -q -o short-unix | grep 'K3s has not started containerd' || true`);
  return lines.split('\n').filter(Boolean).map(Number.parseFloat);
}

/** Rules that keep the node and its pods from the server (-I), or no longer (-D). */
const cut = (act: '-I' | '-D') =>
  ['OUTPUT', 'FORWARD']
    .map((chain) => `iptables -w ${act} ${chain} -p tcp --dport ${server.port} -j REJECT`)
    .join(' && ');

async function installerPods(): Promise<string[]> {
  const { items } = await cluster.get<{ items: { metadata: { name: string } }[] }>('pods', '-n', namespace);
  return items.map(({ metadata }) => metadata.name);
}

const keptAway = (pod: string) =>
  waitFor(`${pod} kept away by the taint`, { timeoutMs: 60_000 }, async (last) => {
    const { status } = await cluster.get<{ status: PodStatus }>('pod', pod);
    last(JSON.stringify(status));
    const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled');
    return scheduled?.status === 'False' && scheduled.message?.includes('untolerated taint');
  });

/** The container of the system pod: another id or a restart would mean that it was touched. */
async function systemContainer(): Promise<unknown> {
  const { status } = await cluster.get<{ status: { containerStatuses: Record<string, unknown>[] } }>('pod', 'ubuntu');
  return status.containerStatuses.map(({ containerID, restartCount }) => ({ containerID, restartCount }));
}

/** An error comes with what a person would look at. */
async function diagnosed(act: () => Promise<void>): Promise<void> {
  if (broken) throw new Error('an earlier step has failed');
  try {
    await act();
  } catch (error) {
    broken = true;
    const ours = `journalctl -b -q -o short-precise -n 80 -u ${unit} -u 'cdk8s-sysbox*'`;
    const more = await node.exec(`${ours}; cat /var/lib/cdk8s-sysbox/journal /var/lib/cdk8s-sysbox/status.json`);
    process.stdout.write(`${await diagnose(node, cluster)}\n--- ${unit}\n${more.stdout}\n--- server\n${server.tail()}`);
    throw error;
  }
}
