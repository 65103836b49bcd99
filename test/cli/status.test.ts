import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterObjects, kubectl, readCluster, readFiles } from '../../src/cli/status-cluster';
import { status, StatusIo } from '../../src/cli/status';
import { REASONS } from '../../src/cli/reasons';
import { Manifest } from '../support/synth';

const now = new Date('2026-11-30T12:00:00Z');

interface NodeOptions {
  readonly labels?: Record<string, string>;
  readonly stage?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly ready?: boolean;
}

function node(name: string, { labels, stage, reason, message, ready = true }: NodeOptions = {}): Manifest {
  const given = Object.entries({ stage, reason, message, revision: stage && '0a1b2c3d4e' });
  const annotations = given.flatMap(([key, value]) => (value ? [[`cdk8s-sysbox.io/${key}`, value]] : []));
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'sysbox-install': 'yes', ...labels },
      annotations: Object.fromEntries(annotations),
      managedFields: [
        { manager: 'k3s', time: '2026-11-30T11:59:59Z', fieldsV1: { 'f:metadata': { 'f:annotations': {} } } },
        {
          manager: 'curl',
          time: '2026-11-30T11:55:00Z',
          fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:cdk8s-sysbox.io/stage': {} } } },
        },
      ],
    },
    status: {
      nodeInfo: { kubeletVersion: 'v1.36.2+k3s1' },
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }],
    },
  };
}

const running = { 'sysbox-runtime': 'running' };
const installer = { 'app.kubernetes.io/name': 'sysbox-installer' };

function pod(on: string, podStatus: Manifest = { conditions: [{ type: 'Ready', status: 'True' }] }): Manifest {
  const metadata = { name: `sysbox-installer-${on}`, namespace: 'sysbox-system', labels: installer };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: on }, status: podStatus };
}

const daemonSet = (scheduled = 1, desired = 1): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'sysbox-installer', namespace: 'sysbox-system', labels: installer },
  spec: { template: { spec: { nodeSelector: { 'sysbox-install': 'yes' } } } },
  status: { currentNumberScheduled: scheduled, desiredNumberScheduled: desired },
});

const rollout = (annotations: Record<string, string> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'cdk8s-sysbox-rollout', namespace: 'sysbox-system', labels: installer, annotations },
});

function objects(nodes: Manifest[], rest: Partial<ClusterObjects> = {}): ClusterObjects {
  const pods = nodes.map(({ metadata }) => pod(metadata.name));
  return { nodes, daemonSets: [daemonSet()], pods, rollouts: [rollout()], events: [], ...rest };
}

/** What the command prints of these states of a cluster, one read after the other, and its exit code. */
async function printed(states: ClusterObjects[], ...argv: string[]) {
  let out = '';
  let read = 0;
  const io: StatusIo = {
    read: () => states[Math.min(read++, states.length - 1)] as ClusterObjects,
    write: (text) => (out += text),
    sleep: () => Promise.resolve(),
    now: () => now,
  };
  const code = await status(argv, io);
  return { code, out, read };
}

const statusOf = async (cluster: ClusterObjects) => JSON.parse((await printed([cluster], '-o', 'json')).out);

test('a table of the nodes, and for each reason the message and the remedy', async () => {
  const nodes = [
    node('server-1', {
      labels: { 'node-role.kubernetes.io/control-plane': 'true' },
      stage: 'validated',
      reason: 'WaitingForSlot',
      message: 'waiting until the agents are done: agent-2',
    }),
    node('agent-1', { labels: running, stage: 'ready' }),
    node('agent-2', { stage: 'failed', reason: 'NoFuse', message: '/dev/fuse is missing' }),
    node('agent-3', { stage: 'failed', reason: 'NoFuse', message: '/dev/fuse is missing' }),
  ];
  const slots = {
    'agent-5/slot': 'held agent 0a1b2c3d4e 7',
    'agent-4/slot': 'held agent 0a1b2c3d4e 6',
    'agent-2/slot': 'failed agent 0a1b2c3d4e 5 NoFuse',
  };
  const { code, out } = await printed([objects(nodes, { rollouts: [rollout(slots)] })]);
  expect(out).toMatchInlineSnapshot(`
   "NODE      ROLE    RUNTIME  VERSION       REVISION    STAGE      AGE  REASON
   agent-1   agent   running  v1.36.2+k3s1  0a1b2c3d4e  ready      5m
   agent-2   agent   -        v1.36.2+k3s1  0a1b2c3d4e  failed     5m   NoFuse
   agent-3   agent   -        v1.36.2+k3s1  0a1b2c3d4e  failed     5m   NoFuse
   server-1  server  -        v1.36.2+k3s1  0a1b2c3d4e  validated  5m   WaitingForSlot

   agent-2, agent-3: NoFuse: /dev/fuse is missing
     Remedy: load the fuse module

   server-1: WaitingForSlot: waiting until the agents are done: agent-2

   When the cause is fixed: kubectl annotate node <node> cdk8s-sysbox.io/retry=true

   4 nodes: 1 ready, 1 pending, 2 failed; restarting: agent-4, agent-5
   "
  `);
  expect(code).toBe(1);
});

test('exit code 0 when every node is ready, and while none has failed', async () => {
  expect((await printed([objects([node('a', { labels: running, stage: 'ready' })])])).code).toBe(0);
  expect((await printed([objects([node('a', { stage: 'restarted' })])])).code).toBe(0);
});

test('JSON has the same, for programs', async () => {
  const [failed] = (await statusOf(objects([node('a', { stage: 'failed', reason: 'NoFuse', message: 'why' })]))).nodes;
  expect(failed).toEqual({
    name: 'a',
    role: 'agent',
    running: false,
    version: 'v1.36.2+k3s1',
    revision: '0a1b2c3d4e',
    since: '2026-11-30T11:55:00Z',
    state: 'failed',
    stage: 'failed',
    reason: 'NoFuse',
    message: 'why',
    remedy: REASONS.NoFuse?.remedy,
  });
});

test('a pod that the kubelet cannot start fails its node, with the words of the kubelet', async () => {
  const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "registry.example/x:1"' };
  const pods = [pod('a', { containerStatuses: [{ state: { waiting } }] })];
  const [a] = (await statusOf(objects([node('a')], { pods }))).nodes;
  expect(a).toMatchObject({ state: 'failed', ...waiting, remedy: expect.stringContaining('pull secrets') });
});

test('a pod whose container is being created is waited for', async () => {
  const pods = [pod('a', { containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] })];
  expect((await statusOf(objects([node('a')], { pods }))).nodes[0].state).toBe('pending');
});

test.each([
  ['a node that is not Ready', node('a', { ready: false }), { pods: [pod('a', {})] }, 'the node is not Ready'],
  ['a node without a pod', node('a'), { pods: [] }, 'no installer pod is on the node yet'],
  ['a pod that has said nothing', node('a'), { pods: [pod('a', {})] }, 'the installer has not reported yet'],
])('%s is pending, and says why', async (_, of, rest, message) => {
  const [a] = (await statusOf(objects([of], rest))).nodes;
  expect(a).toMatchObject({ state: 'pending', message });
});

test.each([
  ['after an uninstall', node('a', { stage: 'removed' }), { state: 'removed' }],
  [
    'after a dry run',
    node('a', { stage: 'validated', reason: 'DryRun', message: 'would write x' }),
    { state: 'dry-run', message: 'would write x' },
  ],
])('%s, a node is done, and is not called ready', async (_, of, expected) => {
  // The pod of a dry run never is Ready.
  const conditions = [{ type: 'Ready', status: expected.state === 'removed' ? 'True' : 'False' }];
  const cluster = objects([of], { pods: [pod('a', { conditions })] });
  expect((await statusOf(cluster)).nodes[0]).toMatchObject(expected);
  const { code, out, read } = await printed([cluster], '--watch');
  expect({ code, read }).toEqual({ code: 0, read: 1 });
  expect(out).toContain(`1 node: 1 ${expected.state}\n`);
});

describe('what a node reported before the newest manifests', () => {
  const ready = node('a', { labels: running, stage: 'ready' });
  const refused = node('a', { stage: 'failed', reason: 'NoFuse', message: '/dev/fuse is missing' });
  const of = (generation: string): Manifest => {
    const { metadata, ...rest } = pod('a');
    return { ...rest, metadata: { ...metadata, labels: { ...installer, 'pod-template-generation': generation } } };
  };
  const second = (status: Manifest): Manifest => {
    const { metadata, spec } = daemonSet();
    const annotations = { 'deprecated.daemonset.template.generation': '2' };
    return { kind: 'DaemonSet', metadata: { ...metadata, generation: 2, annotations }, spec, status };
  };
  const replacing = { observedGeneration: 2, desiredNumberScheduled: 1, updatedNumberScheduled: 0 };
  const judged = async (of_: Manifest, pods: Manifest[], status: Manifest) =>
    (await statusOf(objects([of_], { pods, daemonSets: [second(status)] }))).nodes[0];

  test.each([ready, refused])('counts for nothing: $metadata.annotations', async (of_) => {
    const waits = { state: 'pending', message: "the installer's pod is being replaced" };
    expect(await judged(of_, [of('1')], replacing)).toMatchObject(waits);
    // The controller has not seen the change yet, and its counts are those of before.
    const unseen = { ...replacing, observedGeneration: 1, updatedNumberScheduled: 1 };
    expect(await judged(of_, [of('1')], unseen)).toMatchObject(waits);
  });

  test('does not count as a failure of the new pod in its first minute, or before its container runs', async () => {
    const withState = (state: Manifest) => ({ ...of('2'), status: { containerStatuses: [{ state }] } });
    const at = async (state: Manifest) => (await judged(refused, [withState(state)], replacing)).state;
    // The node reported at 11:55, and it is 12:00.
    expect(await at({ waiting: { reason: 'ContainerCreating' } })).toBe('pending');
    expect(await at({ running: { startedAt: '2026-11-30T11:59:30Z' } })).toBe('pending');
    // A pod that finds the same failure writes nothing.
    expect(await at({ running: { startedAt: '2026-11-30T11:58:30Z' } })).toBe('failed');
    expect(await at({ running: { startedAt: '2026-11-30T11:54:00Z' } })).toBe('failed');
    const loops = withState({ waiting: { reason: 'CrashLoopBackOff' } });
    expect(await judged(refused, [loops], replacing)).toMatchObject({ state: 'failed', reason: 'NoFuse' });
  });

  test('is what it still says when the pod is of the same content, under an older number', async () => {
    const updated = { ...replacing, updatedNumberScheduled: 1 };
    expect(await judged(ready, [of('1')], updated)).toMatchObject({ state: 'ready' });
  });

  test('is not its state while the new pod is not Ready, or is not there', async () => {
    const starting = { ...of('2'), status: {} };
    const message = 'the installer has not reported yet';
    expect(await judged(ready, [starting], replacing)).toMatchObject({ state: 'pending', message });
    expect(await judged(ready, [], replacing)).toMatchObject({ message: 'no installer pod is on the node yet' });
    const ending = of('2');
    ending.metadata.deletionTimestamp = '2026-11-30T11:59:00Z';
    expect(await judged(ready, [ending], replacing)).toMatchObject({ state: 'pending' });
  });
});

test('a node that is ready and whose kubelet is dead is pending', async () => {
  const dead = node('a', { labels: running, stage: 'ready', ready: false });
  expect((await statusOf(objects([dead]))).nodes[0]).toMatchObject({
    state: 'pending',
    message: 'the node is not Ready',
  });
});

test('what a node is doing is in the words of its annotation, also without a reason', async () => {
  const restarted = node('a', { stage: 'restarted', message: 'waiting for a pod of this node' });
  expect((await statusOf(objects([restarted], { pods: [pod('a', {})] }))).nodes[0]).toMatchObject({
    message: 'waiting for a pod of this node',
  });
});

test('a node whose retry was requested is waited for', async () => {
  const refused = node('a', { stage: 'failed', reason: 'NoFuse' });
  refused.metadata.annotations['cdk8s-sysbox.io/retry'] = 'true';
  const ready = node('a', { labels: running, stage: 'ready' });
  expect(await printed([objects([refused]), objects([ready])], '--watch')).toMatchObject({
    code: 0,
    read: 2,
    out: expect.stringContaining('a: a retry was requested'),
  });
});

test('nodes with one reason and different messages are named with their own, up to three', async () => {
  const blocked = (name: string) =>
    node(name, { stage: 'failed', reason: 'DrainBlocked', message: `no pod was evicted: team/of-${name}` });
  const { out } = await printed([objects(['a', 'b', 'c', 'd', 'e'].map(blocked))]);
  expect(out).toContain(`a: DrainBlocked: no pod was evicted: team/of-a
b: DrainBlocked: no pod was evicted: team/of-b
c: DrainBlocked: no pod was evicted: team/of-c
d, e: DrainBlocked (-o json has each message)
  Remedy: `);
});

test('the retry command names the node that failed', async () => {
  const { out } = await printed([objects([node('a', { stage: 'failed', reason: 'NoFuse' }), node('b')])]);
  expect(out).toContain('When the cause is fixed: kubectl annotate node a cdk8s-sysbox.io/retry=true\n');
});

describe('of many nodes', () => {
  const done = Array.from({ length: 60 }, (_, i) => node(`agent-${i}`, { labels: running, stage: 'ready' }));
  const cluster = objects([...done, node('z-waits'), node('z-failed', { stage: 'failed', reason: 'NoFuse' })]);
  const rows = (out: string) => [...out.matchAll(/^(agent-\d+|z-\w+) +agent/gm)].map(([, name]) => name);

  test('the first 50 are printed, those that failed and wait before those that are ready', async () => {
    const { out } = await printed([cluster]);
    expect(rows(out)).toHaveLength(50);
    expect(rows(out).slice(0, 5)).toEqual(['z-failed', 'z-waits', 'agent-0', 'agent-1', 'agent-2']);
    expect(out).toContain('not shown: 12 ready (--all shows every node)');
    expect(out).toContain('62 nodes: 60 ready, 1 pending, 1 failed');
  });

  test('--all prints every node, sorted by name and number', async () => {
    const { out } = await printed([cluster], '--all');
    expect(rows(out)).toHaveLength(62);
    expect(rows(out).slice(9, 12)).toEqual(['agent-9', 'agent-10', 'agent-11']);
    expect(out).not.toContain('not shown');
  });
});

test('a warning of a ready node is shown with the reason of its newest Event', async () => {
  const event = (reason: string, lastTimestamp: string) => ({
    kind: 'Event',
    type: 'Warning',
    reason,
    lastTimestamp,
    involvedObject: { kind: 'Node', name: 'a' },
    source: { component: 'cdk8s-sysbox' },
  });
  const events = [event('DaemonsDead', '2026-11-29T12:00:00Z'), event('PreflightWarning', '2026-11-30T11:00:00Z')];
  const [a] = (
    await statusOf(objects([node('a', { labels: running, stage: 'ready', message: 'kernel 6.1' })], { events }))
  ).nodes;
  expect(a).toMatchObject({ state: 'ready', reason: 'PreflightWarning', message: 'kernel 6.1' });
});

test('nodes that the installer does not select are left out, those that still carry the runtime are not', async () => {
  const bare = node('bare', { labels: { 'sysbox-install': 'no' } });
  const left = node('left', { labels: { 'sysbox-install': 'no', ...running } });
  expect((await statusOf(objects([bare, left]))).nodes.map(({ name }: Manifest) => name)).toEqual(['left']);
});

test('pods that cannot be created are a problem of the installer, and fail', async () => {
  const event = {
    kind: 'Event',
    type: 'Warning',
    reason: 'FailedCreate',
    message: 'pods "sysbox-installer-" is forbidden: violates PodSecurity "baseline"',
    involvedObject: { kind: 'DaemonSet', name: 'sysbox-installer', namespace: 'sysbox-system' },
  };
  const cluster = objects([node('a')], { pods: [], daemonSets: [daemonSet(0, 1)], events: [event] });
  const { code, out } = await printed([cluster]);
  expect(out).toContain(
    'DaemonSet sysbox-system/sysbox-installer: FailedCreate: pods "sysbox-installer-" is forbidden',
  );
  expect(code).toBe(1);
});

test('a cluster without the installer is distinguished from one without selected nodes', async () => {
  const none = await printed([objects([], { daemonSets: [], rollouts: [] })]);
  expect(none).toMatchObject({ code: 1, out: expect.stringContaining('the installer is not in this cluster') });
  const removed = objects([node('a', { stage: 'removed' })], { daemonSets: [], rollouts: [], pods: [] });
  expect(await printed([removed])).toMatchObject({ code: 0, out: expect.not.stringContaining('not in this cluster') });
  const unselected = await printed([objects([])]);
  expect(unselected).toMatchObject({ code: 0, out: expect.stringContaining('kubectl label node <node>') });
});

test('--watch prints each change once and ends when every node is ready', async () => {
  const states = ['staged', 'staged', 'restarted'].map((stage) => objects([node('a', { stage })]));
  const { code, out, read } = await printed(
    [...states, objects([node('a', { labels: running, stage: 'ready' })])],
    '-w',
  );
  expect(out.match(/^NODE/gm)).toHaveLength(3);
  expect({ code, read }).toEqual({ code: 0, read: 4 });
});

test('--watch ends with 1 when something fails', async () => {
  const states = [
    objects([node('a', { stage: 'staged' })]),
    objects([node('a', { stage: 'failed', reason: 'NoFuse' })]),
  ];
  expect(await printed(states, '--watch')).toMatchObject({ code: 1, read: 2 });
});

test('an unknown output format and an unknown option are refused', async () => {
  await expect(printed([objects([])], '-o', 'wide')).rejects.toThrow("--output 'wide' is not a format");
  await expect(printed([objects([])], '--wach')).rejects.toThrow("'--wach' is not an option. Did you mean '--watch'?");
});

test('reads files that kubectl wrote', () => {
  const directory = mkdtempSync(join(tmpdir(), 'status-'));
  try {
    const items = [node('a'), pod('a'), daemonSet(), rollout(), { kind: 'Pod', metadata: { name: 'other' } }];
    writeFileSync(join(directory, 'all.json'), JSON.stringify({ kind: 'List', items }));
    const read = readFiles([directory]);
    expect(read).toEqual({
      nodes: [node('a')],
      pods: [pod('a')],
      daemonSets: [daemonSet()],
      rollouts: [rollout()],
      events: [],
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('reads YAML, and many documents', () => {
  const directory = mkdtempSync(join(tmpdir(), 'status-'));
  try {
    writeFileSync(
      join(directory, 'a.yaml'),
      'kind: Node\nmetadata: { name: a }\n---\nkind: Node\nmetadata: { name: b }\n',
    );
    expect(readFiles([directory]).nodes.map(({ metadata }) => metadata?.name)).toEqual(['a', 'b']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('what failed is explained before what waits', async () => {
  const nodes = [
    node('a', { stage: 'committed', message: 'restarting k3s' }),
    node('b', { stage: 'failed', reason: 'NoFuse' }),
  ];
  const pods = nodes.map(({ metadata }) => pod(metadata.name, {}));
  const { out } = await printed([objects(nodes, { pods })]);
  expect(out.indexOf('b: NoFuse')).toBeLessThan(out.indexOf('a: restarting k3s'));
  expect(out).toContain('a: restarting k3s');
});

test('asks kubectl for the nodes and for what is labelled as the installer', () => {
  const asked: string[] = [];
  readCluster((args) => {
    asked.push(args.join(' '));
    return '{"items": []}';
  });
  expect(asked).toEqual([
    'get nodes --show-managed-fields -o json',
    'get daemonsets -A -l app.kubernetes.io/name=sysbox-installer -o json',
    'get pods -A -l app.kubernetes.io/name=sysbox-installer -o json',
    'get configmaps -A --field-selector metadata.name=cdk8s-sysbox-rollout -o json',
    'get events -n default --field-selector type=Warning,source=cdk8s-sysbox -o json',
    'get events -A --field-selector type=Warning,involvedObject.kind=DaemonSet -o json',
  ]);
});

test('passes the connection on to the command that KUBECTL names, and gives its words when it fails', () => {
  expect(kubectl(['--context', 'home'], 'echo k3s')(['get', 'nodes'])).toBe('k3s --context home get nodes\n');
  expect(() => kubectl([], 'ls')(['/does-not-exist'])).toThrow(/ls .*No such file/);
  expect(() => kubectl([], 'does-not-exist')([])).toThrow('does-not-exist is not on the PATH');
});
