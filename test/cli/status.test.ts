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

test('after an uninstall, a node says that everything was removed, and is done', async () => {
  expect((await statusOf(objects([node('a', { stage: 'removed' })]))).nodes[0]).toMatchObject({ state: 'ready' });
});

test('a node that is ready with an older revision than the rollout is pending', async () => {
  const nodes = [node('a', { labels: running, stage: 'ready' })];
  const stateAt = async (revision: string) =>
    (await statusOf(objects(nodes, { rollouts: [rollout({ 'cdk8s-sysbox.io/revision': revision })] }))).nodes[0].state;
  expect([await stateAt('0a1b2c3d4e'), await stateAt('ffffffffff')]).toEqual(['ready', 'pending']);
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

test('an unknown output format is refused', async () => {
  await expect(printed([objects([])], '-o', 'wide')).rejects.toThrow("--output 'wide' is not a format");
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
    'get events -A --field-selector type=Warning -o json',
  ]);
});

test('passes the connection on to the command that KUBECTL names, and gives its words when it fails', () => {
  expect(kubectl(['--context', 'home'], 'echo k3s')(['get', 'nodes'])).toBe('k3s --context home get nodes\n');
  expect(() => kubectl([], 'ls')(['/does-not-exist'])).toThrow(/ls .*No such file/);
  expect(() => kubectl([], 'does-not-exist')([])).toThrow('does-not-exist is not on the PATH');
});
