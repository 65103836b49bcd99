import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, startApiServer } from '../cluster/api-server';
import { buildTimeout } from '../cluster/build';
import { KubeObject } from '../cluster/client';
import { CoordinatorNode } from './coordinator';
import { stateOfConfigMap, namesIn, RolloutState } from './rollout-state';
import { rolloutPath } from './rollout-watch';
import { manifestText } from './manifests';
import { nodePath } from './pod';
import { podShells } from './pod-shell';
import { resetRollout } from './simulation';
import { UnreliableNetwork } from './unreliable';
import { fates, VerificationKubelet, verificationPods } from './verification-kubelet';

jest.setTimeout(180_000);

let server: ApiServer;
let network: UnreliableNetwork;
let kubelet: VerificationKubelet;
let directory: string;
let made = 0;
const nodes: CoordinatorNode[] = [];

beforeAll(async () => {
  server = await startApiServer({ minor: '1.37' });
  await server.apply(manifestText);
  await server.createNamespace('team');
  network = await UnreliableNetwork.before(server.url);
  kubelet = new VerificationKubelet(server);
}, buildTimeout);
afterAll(async () => {
  await kubelet?.stop();
  await network?.stop();
  await server?.stop();
});
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'coordinator-'))));
afterEach(async () => {
  network.weather = 'fair';
  kubelet.fate = () => fates.succeeds;
  for (const node of nodes.splice(0)) {
    await node.end();
    readdirSync(join(node.root, 'model'))
      .filter((knob) => knob.startsWith('pause-'))
      .forEach((knob) => node.turnBack(knob));
    await server.delete(nodePath(node.name)).catch(() => undefined);
  }
  for (const { metadata } of await server.list('/api/v1/namespaces/team/pods'))
    await server.delete(`/api/v1/namespaces/team/pods/${metadata.name}`, { gracePeriodSeconds: '0' });
  await resetRollout(server);
  rmSync(directory, { recursive: true, force: true });
});

const startupTaint = { key: 'sysbox-runtime', value: 'not-running', effect: 'NoSchedule' };
const theirs = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };

/** Shells take turns; `of` names one. */
async function aNode({
  of = podShells[made % 2]?.[1] as readonly string[],
  spec = undefined as KubeObject | undefined,
} = {}) {
  const node = await CoordinatorNode.make(server, network, `node-${made++}`, directory, of, spec);
  nodes.push(node);
  return node;
}

async function anInstalledNode() {
  const node = await aNode();
  node.start();
  await node.untilReady();
  await released();
  return node;
}

const state = async (): Promise<RolloutState> => stateOfConfigMap(await server.get(rolloutPath));
const released = () => nodes[0]?.until(async () => expect(namesIn(await state(), 'held')).toEqual([]));

function systemPod(node: CoordinatorNode, name: string, owned: boolean) {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true };
  return server.create('/api/v1/namespaces/team/pods', {
    metadata: { name, ownerReferences: owned ? [owner] : [] },
    spec: {
      nodeName: node.name,
      runtimeClassName: 'sysbox-runc',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'main:1' }],
    },
  });
}

describe.each(podShells)('under %s', (_, of) => {
  test('a first install ends with label, annotations, Event, a free slot, and without the startup taint', async () => {
    const node = await aNode({ of, spec: { taints: [startupTaint, theirs] } });
    await node.kubelet(new Date(0));
    node.start();
    await node.untilCalled('commit');
    expect((await state()).slots).toMatchObject({
      [node.name]: { state: 'held', role: 'agent', revision: node.revision },
    });
    expect(await node.annotations()).toMatchObject({ stage: 'committed', revision: node.revision });
    // Not before the kubelet reports again.
    await new Promise((resolve) => setTimeout(resolve, 700));
    const { metadata, spec } = await node.object();
    expect(metadata.labels['sysbox-runtime']).toBeUndefined();
    expect(spec.taints).toEqual([startupTaint, theirs]);

    await node.kubelet();
    await node.untilReady();
    await released();
    expect(node.calls).toEqual(['directories', 'prepare', 'commit', 'confirm', 'accept']);
    expect(await server.list(verificationPods)).toEqual([]);
    expect((await node.object()).metadata.labels['sysbox-runtime']).toBe('running');
    expect((await node.object()).spec.taints).toEqual([theirs]);
    expect(await node.annotations()).toEqual({ stage: 'ready', revision: node.revision });
    expect(await node.events()).toEqual(['SysboxReady']);
    expect(await state()).toMatchObject({ revision: node.revision, slots: {}, done: 1 });
    const published = join(node.state, 'programs/current');
    expect(readFileSync(join(published, 'host.sh'), 'utf8')).toContain('The host program');
    expect(readdirSync(join(node.root, 'opt/sysbox/releases'))).toHaveLength(1);
  });

  test('an uninstall leaves on the Node object how it ended, and nothing else of ours', async () => {
    const node = await aNode({ of });
    node.start();
    await node.untilReady();
    await released();
    await node.end();
    await server.patch(nodePath(node.name), { spec: { taints: [theirs] } });
    await systemPod(node, 'system', true);
    node.changeRevision();
    node.configure({ UNINSTALL: 'true' });
    node.start();
    await node.untilReady();
    expect(existsSync(node.state)).toBe(false);
    expect(node.calls.slice(-1)).toEqual(['uninstall']);
    expect(await node.annotations()).toEqual({ stage: 'removed', revision: node.revision });
    const { metadata, spec } = await node.object();
    expect(metadata.labels['sysbox-runtime']).toBeUndefined();
    expect(spec.taints).toEqual([theirs]);
    expect(await server.list('/api/v1/namespaces/team/pods')).toEqual([]);
    await node.untilToldOf('SysboxRemoved');
    expect(await state()).toMatchObject({ slots: {} });
  });
});

describe('before anything runs on the host, the pod itself refuses', () => {
  test.each([
    ['a host without systemd', 'proc/1/comm', 'init', 'NotSystemd', 'PID 1 of the host is init'],
    ['SELinux that enforces', 'sys/fs/selinux/enforce', '1', 'SELinux', 'SELinux is enforcing'],
    ['a host without programs in /usr/bin', 'model/no-programs', '', 'NoHostPrograms', 'systemctl is missing'],
  ])('%s', async (_, file, content, reason, message) => {
    const node = await aNode();
    mkdirSync(join(node.root, file, '..'), { recursive: true });
    writeFileSync(join(node.root, file), content);
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason });
    expect((await node.annotations()).message).toContain(message);
    expect(node.calls).toEqual([]);
    expect(existsSync(node.state)).toBe(false);
    await node.untilToldOf(reason);
  });
});

test('an installer that no policy applies to does nothing', async () => {
  const bindings = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/sysbox-installer';
  await server.patch(bindings, { spec: { validationActions: ['Warn'] } });
  try {
    const node = await aNode();
    // The policy no longer refuses anything when the pod starts.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'PolicyNotBound' });
    expect(node.calls).toEqual([]);
  } finally {
    await server.patch(bindings, { spec: { validationActions: ['Deny'] } });
  }
  await nodes[0]?.untilReady();
});

test('only root can read what is copied to the host', async () => {
  const node = await anInstalledNode();
  const directory = join(node.state, 'programs', node.revision);
  const modes = readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o077);
  expect(new Set([statSync(directory).mode & 0o077, ...modes])).toEqual(new Set([0]));
});

test('a unit that somebody stopped is not restarted', async () => {
  const node = await aNode();
  node.turn('unit-stopped');
  node.start();
  await node.untilAnnotated({ stage: 'failed', reason: 'UnitNotActive' });
  expect(node.calls).not.toContain('commit');
  expect((await state()).slots).toEqual({});
  node.turnBack('unit-stopped');
  await node.untilReady();
});

test('a dry run uninstalls nothing, and revives nothing', async () => {
  const node = await anInstalledNode();
  await systemPod(node, 'system', true);
  await node.end();
  node.turn('dry-run', 'yes');
  node.turn('daemons', 'dead');
  node.configure({ DRY_RUN: 'true', UNINSTALL: 'true' });
  const before = node.calls.length;
  node.start();
  await node.untilAnnotated({ stage: 'validated', reason: 'DryRun' });
  expect(node.calls.slice(before)).toEqual(['prepare']);
  expect(await server.list('/api/v1/namespaces/team/pods')).toHaveLength(1);
});

test('another pod on a healthy node restarts nothing and takes no slot', async () => {
  const node = await anInstalledNode();
  const { slots } = await state();
  await node.end();
  node.start();
  await node.untilReady();
  expect(node.calls.filter((call) => call === 'commit')).toHaveLength(1);
  expect((await state()).slots).toEqual(slots);
});

test('an idle node costs one GET a minute, and changes of its object are repaired', async () => {
  const node = await anInstalledNode();
  // It counts once more after its own change.
  await node.until(async () => expect(await state()).toMatchObject({ done: 1, failed: '0', pending: '0' }));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const [before, from] = [network.connections, Date.now()];
  // A minute takes two seconds here.
  await new Promise((resolve) => setTimeout(resolve, 9000));
  const minutes = (Date.now() - from) / 2000;
  const requests = network.connections - before;
  console.log(`Idle: ${requests} requests in ${minutes.toFixed(1)} minutes`);
  expect(requests).toBeLessThanOrEqual(Math.ceil(minutes));
  expect(requests).toBeGreaterThan(0);

  // As after `kubectl delete node`: the kubelet creates it again, without what we wrote.
  await server.patch(nodePath(node.name), {
    metadata: { labels: { 'sysbox-runtime': null }, annotations: null },
    spec: { taints: [startupTaint] },
  });
  await node.untilAnnotated({ stage: 'ready' });
  const { metadata, spec } = await node.object();
  expect(metadata.labels['sysbox-runtime']).toBe('running');
  expect(spec.taints).toBeUndefined();
  expect(node.calls.filter((call) => call === 'commit')).toHaveLength(1);
});

test('a refused node is checked at growing intervals, up to a quarter of an hour, with one GET a minute', async () => {
  const node = await aNode();
  node.configure({ RETRY_PERIOD: 60 });
  node.turn('prepare', 'Kernel');
  const before = network.connections;
  node.start({ PAUSES: join(node.root, 'model/calls'), MINUTE: '0.1' });
  await node.untilCalled('prepare', 7);
  await node.end();
  const rounds = node.calls
    .join(' ')
    .split('prepare')
    .slice(1, 7)
    .map((round) => round.split('sleep 60').length - 1);
  expect(rounds).toEqual([1, 2, 4, 8, 15, 15]);
  // Each look at the node costs some more.
  console.log(`Refused: ${network.connections - before} requests in 46 minutes`);
  expect(network.connections - before).toBeLessThanOrEqual(46 + 7 * 6);
});

describe('a pod that died', () => {
  test.each(['prepare', 'commit', 'confirm'])(
    'during %s is followed by one that ends it and frees the slot',
    async (step) => {
      const node = await aNode();
      node.turn(`pause-${step}`);
      node.start();
      await node.untilCalled(step);
      await node.end();
      node.start();
      await new Promise((resolve) => setTimeout(resolve, 300));
      node.turnBack(`pause-${step}`);
      await node.untilReady();
      await released();
      expect(node.calls.filter((call) => call === 'commit').length).toBeLessThanOrEqual(2);
      expect(await state()).toMatchObject({ slots: {}, done: 1 });
    },
  );

  test('after the last step on the host, before the slot was freed, is followed by one that frees it', async () => {
    const node = await aNode();
    node.turn('pause-confirm');
    node.start();
    await node.untilCalled('confirm');
    network.weather = 'outage';
    node.turnBack('pause-confirm');
    await node.until(() => expect(readFileSync(join(node.state, 'journal'), 'utf8')).toContain('verified'));
    await node.end();
    network.weather = 'fair';
    expect(namesIn(await state(), 'held')).toEqual([node.name]);
    node.start();
    await node.untilReady();
    await released();
    expect(await state()).toMatchObject({ slots: {}, done: 1 });
  });

  test('in the middle of an uninstall is followed by one that completes it', async () => {
    const node = await anInstalledNode();
    await node.end();
    node.configure({ UNINSTALL: 'true' });
    node.turn('pause-uninstall');
    node.start();
    await node.untilCalled('uninstall');
    await node.end();
    node.turnBack('pause-uninstall');
    await node.until(() => expect(existsSync(node.state)).toBe(false));
    node.start();
    await node.untilReady();
    expect(await node.annotations()).toEqual({ stage: 'removed', revision: node.revision });
    expect(await state()).toMatchObject({ slots: {} });
  });

  test('leaves an older revision in restart, which ends before the newer one begins', async () => {
    const node = await aNode();
    node.turn('pause-commit');
    node.start();
    await node.untilCalled('commit');
    await node.end();
    node.changeRevision();
    node.start();
    node.turnBack('pause-commit');
    await node.untilReady();
    await released();
    expect(await node.annotations()).toEqual({ stage: 'ready', revision: node.revision });
    expect(await state()).toMatchObject({ slots: {} });
  });
});

test('an engine that waits for something else says so meanwhile, and the restart ends by itself', async () => {
  const node = await aNode();
  node.turn('commit', 'waits');
  node.start();
  await node.untilAnnotated({ stage: 'committed', reason: 'EngineWaits', message: 'the etcd has no quorum' });
  node.turn('commit', 'works');
  await node.untilReady();
  expect(await node.annotations()).not.toHaveProperty('reason');
});

describe('a restart that fails', () => {
  test('is reported, spends the budget, stops the rollout, and is retried on request', async () => {
    const [first, second] = [await aNode(), await aNode()];
    first.turn('commit', 'breaks');
    first.start();
    await first.untilAnnotated({ stage: 'failed', reason: 'CrashLoop', message: 'this change failed before' });
    expect(first.ready).toBe(false);
    await first.untilToldOf('CrashLoop');
    expect(await state()).toMatchObject({ slots: { [first.name]: { state: 'failed', reason: 'CrashLoop' } }, done: 0 });

    second.start();
    await second.untilAnnotated({ stage: 'validated', reason: 'RolloutStopped' });
    expect((await second.annotations()).message).toMatch(`the failure budget of 1 is spent (${first.name})`);
    await second.untilToldOf('RolloutStopped');
    expect(second.ready).toBe(false);
    expect((await second.object()).spec.taints).toBeUndefined();
    expect(second.calls).not.toContain('commit');
    expect(first.calls.filter((call) => call === 'commit')).toHaveLength(1);

    first.turnBack('commit');
    await server.patch(nodePath(first.name), { metadata: { annotations: { 'cdk8s-sysbox.io/retry': 'true' } } });
    await first.untilReady();
    expect(await first.annotations()).toEqual({ stage: 'ready', revision: first.revision });
    await second.untilReady();
    await released();
    expect(await state()).toMatchObject({ slots: {}, done: 2 });
  });

  test('keeps new pods away from a node that was running, once its kubelet has lost the handler', async () => {
    const node = await anInstalledNode();
    await node.end();
    node.record('state', 'staged');
    node.turn('commit', 'breaks');
    node.changeRevision();
    node.start();
    await node.untilAnnotated({ stage: 'failed', revision: node.revision });
    // The old runtime is back, as far as the kubelet says.
    expect((await node.object()).spec.taints).toBeUndefined();
    await node.kubelet(undefined, ['runc']);
    await node.until(async () => expect((await node.object()).spec.taints).toEqual([startupTaint]));
    expect((await node.object()).metadata.labels['sysbox-runtime']).toBe('running');

    node.turnBack('commit');
    await node.kubelet();
    await server.patch(nodePath(node.name), { metadata: { annotations: { 'cdk8s-sysbox.io/retry': 'true' } } });
    await node.untilReady();
    expect((await node.object()).spec.taints).toBeUndefined();
  });

  test('before anything was changed spends no budget', async () => {
    const node = await aNode();
    node.turn('commit', 'refused');
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'ServerUnreachable' });
    await node.until(async () => expect(await state()).toMatchObject({ slots: {} }));
    node.turnBack('commit');
    await node.untilReady();
  });

  test('that only the API server shows is rolled back', async () => {
    const node = await aNode();
    await node.kubelet(new Date(Date.now() + 600_000), ['runc']);
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'NotHealthy' });
    expect(node.calls).toContain('abandon');
    expect((await node.object()).metadata.labels['sysbox-runtime']).toBeUndefined();
    await node.until(async () =>
      expect(await state()).toMatchObject({ slots: { [node.name]: { state: 'failed', reason: 'NotHealthy' } } }),
    );
  });

  test('is not concluded from an API server that does not answer', async () => {
    const node = await aNode();
    node.turn('pause-commit');
    node.start();
    await node.untilCalled('commit');
    network.weather = 'outage';
    node.turnBack('pause-commit');
    // Longer than the deadline of 120 s, at two seconds a minute.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    network.weather = 'fair';
    await node.untilReady();
    expect(node.calls).not.toContain('abandon');
  });

  test('in preflight takes no slot', async () => {
    const node = await aNode();
    node.turn('prepare', 'Kernel');
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'Kernel', message: 'the node does not do' });
    await node.untilToldOf('Kernel');
    expect((await state()).slots).toEqual({});
  });
});

describe('a node on which no pod runs', () => {
  test('after a restart is rolled back, and never labelled', async () => {
    const node = await aNode();
    kubelet.fate = () => fates.fails;
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'VerificationPodFailed' });
    await node.untilToldOf('VerificationPodFailed');
    expect(node.calls).toContain('abandon');
    expect(node.calls).not.toContain('accept');
    expect(node.ready).toBe(false);
    expect((await node.object()).metadata.labels['sysbox-runtime']).toBeUndefined();
    expect(await server.list(verificationPods)).toEqual([]);
    await node.until(async () =>
      expect(await state()).toMatchObject({
        slots: { [node.name]: { state: 'failed', reason: 'VerificationPodFailed' } },
      }),
    );
  });

  test('after an upgrade gets the previous release, and continues to serve', async () => {
    const node = await anInstalledNode();
    await node.end();
    node.turn('release', 'older');
    node.changeRevision();
    kubelet.fate = () => fates.fails;
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'VerificationPodFailed' });
    expect(readFileSync(join(node.root, 'model/release'), 'utf8')).toBe('older');
    expect(node.calls.filter((call) => call === 'commit')).toHaveLength(1);
    await node.until(async () => expect((await node.object()).spec.taints).toBeUndefined());
    expect((await node.object()).metadata.labels['sysbox-runtime']).toBe('running');
  });

  test('after the daemons were started again keeps pods away until one runs', async () => {
    const node = await anInstalledNode();
    kubelet.fate = () => fates.fails;
    node.turn('daemons', 'dead');
    await node.untilAnnotated({ stage: 'failed', reason: 'VerificationPodFailed' });
    expect((await node.object()).spec.taints).toEqual([startupTaint]);
    expect(node.ready).toBe(false);
    kubelet.fate = () => fates.succeeds;
    await node.untilReady();
    expect((await node.object()).spec.taints).toBeUndefined();
    expect(node.calls.filter((call) => call === 'commit')).toHaveLength(1);
  });
});

describe('a verification pod that cannot be created', () => {
  const quotas = '/api/v1/namespaces/sysbox-verification/resourcequotas';
  beforeEach(async () => {
    await server.create(quotas, { metadata: { name: 'none' }, spec: { hard: { pods: '0' } } });
    // No controller fills the status in, by which the API server judges.
    await server.patch(`${quotas}/none/status`, { status: { hard: { pods: '0' }, used: { pods: '0' } } });
    // The API server's own view of quotas is a moment behind.
    await new Promise((resolve) => setTimeout(resolve, 1500));
  });
  afterEach(() => server.delete(`${quotas}/none`).catch(() => undefined));

  test('rolls nothing back and restarts nothing: it is reported, stops the rollout, and is retried', async () => {
    const node = await aNode();
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'NoVerificationPod' });
    expect((await node.annotations()).message).toContain('exceeded quota: none');
    await node.untilToldOf('NoVerificationPod');
    expect((await node.object()).metadata.labels['sysbox-runtime']).toBeUndefined();
    expect(await state()).toMatchObject({ slots: { [node.name]: { state: 'failed', reason: 'NoVerificationPod' } } });
    await server.delete(`${quotas}/none`);
    await node.untilReady();
    await released();
    expect(node.calls).toEqual(expect.arrayContaining(['confirm', 'accept']));
    expect(node.calls).not.toContain('abandon');
    expect(node.calls.filter((call) => call === 'commit')).toHaveLength(1);
  });

  test('and fails once it is created is rolled back within a slot', async () => {
    const node = await aNode();
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'NoVerificationPod' });
    node.turn('pause-abandon');
    kubelet.fate = () => fates.fails;
    await server.delete(`${quotas}/none`);
    await node.untilCalled('abandon');
    expect(namesIn(await state(), 'held')).toEqual([node.name]);
    node.turnBack('pause-abandon');
    await node.untilAnnotated({ stage: 'failed', reason: 'VerificationPodFailed' });
  });
});

describe('where the RuntimeClass selects nodes that are to get the runtime, the startup taint', () => {
  const intended = { SCHEDULING: 'intended' };
  const taints = async (node: CoordinatorNode) => (await node.object()).spec.taints;

  test('is set first, removed when the label is set, and set again by the uninstall', async () => {
    const node = await aNode();
    node.configure(intended);
    node.turn('pause-directories');
    node.start();
    await node.untilCalled('directories');
    expect(await taints(node)).toEqual([startupTaint]);
    node.turnBack('pause-directories');
    await node.untilReady();
    expect(await taints(node)).toBeUndefined();
    await released();
    await node.end();
    node.configure({ ...intended, UNINSTALL: 'true' });
    node.start();
    await node.untilReady();
    expect(await node.annotations()).toMatchObject({ stage: 'removed' });
    expect(await taints(node)).toEqual([startupTaint]);
  });

  test.each<[string, (node: CoordinatorNode) => void, string]>([
    ['a preflight that refuses the node', (node) => node.turn('prepare', 'KernelTooOld'), 'KernelTooOld'],
    ['a rollback to nothing', (node) => node.turn('commit', 'breaks'), 'CrashLoop'],
    ['a pod that fails', () => (kubelet.fate = () => fates.fails), 'VerificationPodFailed'],
  ])('stays after %s', async (_, fail, reason) => {
    const node = await aNode();
    node.configure(intended);
    fail(node);
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason });
    expect(await taints(node)).toEqual([startupTaint]);
  });

  test('is not set on a node whose runtime is live and stays live', async () => {
    const node = await anInstalledNode();
    await node.end();
    node.configure(intended);
    node.turn('prepare', 'KernelTooOld');
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'KernelTooOld' });
    expect(await taints(node)).toBeUndefined();
  });

  test('is not set by a dry run', async () => {
    const node = await aNode();
    node.configure({ ...intended, DRY_RUN: 'true' });
    node.turn('prepare', 'KernelTooOld');
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'KernelTooOld' });
    expect(await taints(node)).toBeUndefined();
  });
});

test('the verification pod of an installer that died is removed by the next one, even if that only uninstalls', async () => {
  const node = await aNode();
  kubelet.fate = () => undefined;
  node.start();
  await node.until(async () => expect(await server.list(verificationPods)).toHaveLength(1));
  await node.end();
  node.configure({ UNINSTALL: 'true' });
  node.start();
  await node.untilReady();
  expect(await server.list(verificationPods)).toEqual([]);
  expect(await node.annotations()).toEqual({ stage: 'removed', revision: node.revision });
});

test('the node of an installer that died between the last step and the verification pod is not labelled without one', async () => {
  const node = await aNode();
  node.turn('pause-accept');
  node.start();
  await node.untilCalled('accept');
  await node.end();
  kubelet.fate = () => fates.fails;
  node.turnBack('pause-accept');
  await node.until(() => expect(readFileSync(join(node.state, 'journal'), 'utf8')).toContain('unproven=\n'));
  // As if the host program had died with its coordinator.
  node.record('unproven', 'change');
  node.start();
  await node.untilAnnotated({ stage: 'failed', reason: 'VerificationPodFailed' });
  expect((await node.object()).metadata.labels['sysbox-runtime']).toBeUndefined();
});

test('a node that finds the rollout stopped is counted', async () => {
  const first = await aNode();
  first.turn('commit', 'breaks');
  first.start();
  await first.untilAnnotated({ stage: 'failed', reason: 'CrashLoop' });
  await first.until(async () => expect(await state()).toMatchObject({ failed: `1: ${first.name}`, pending: '0' }));
  await first.end();
  const late = await aNode();
  late.start();
  await late.untilAnnotated({ stage: 'validated', reason: 'RolloutStopped' });
  await late.until(async () => expect(await state()).toMatchObject({ pending: `1: ${late.name}` }));
});

test('a node that was running, lost the handler and waits for its slot keeps new pods away', async () => {
  const [waiting, other] = [await anInstalledNode(), await aNode()];
  await waiting.end();
  other.turn('commit', 'breaks');
  other.start();
  await other.untilAnnotated({ stage: 'failed', reason: 'CrashLoop' });
  // As when the guard has set the file aside at a start of K3s.
  waiting.record('state', 'staged');
  await waiting.kubelet(undefined, ['runc']);
  waiting.start();
  await waiting.untilAnnotated({ stage: 'validated', reason: 'RolloutStopped' });
  expect((await waiting.object()).spec.taints).toEqual([startupTaint]);
});

describe('daemons that died', () => {
  test('are started again after the system pods are gone, without a restart of K3s', async () => {
    const node = await anInstalledNode();
    await systemPod(node, 'system', true);
    node.turn('pause-revive');
    node.turn('daemons', 'dead');
    await node.untilCalled('revive');
    expect(node.ready).toBe(false);
    expect(await server.list('/api/v1/namespaces/team/pods')).toEqual([]);
    expect((await node.object()).spec.taints).toEqual([startupTaint]);
    // A kubelet that restarts without the label would kill what runs.
    expect((await node.object()).metadata.labels['sysbox-runtime']).toBe('running');
    await node.untilToldOf('DaemonsDead');
    node.turnBack('pause-revive');
    await node.untilReady();
    expect((await node.object()).spec.taints).toBeUndefined();
    expect(node.calls.filter((call) => call === 'commit')).toHaveLength(1);
  });

  test('stay dead while there is a pod without a controller, also for another coordinator', async () => {
    const node = await anInstalledNode();
    await systemPod(node, 'bare', false);
    await node.end();
    node.turn('daemons', 'dead');
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'DaemonsDead' });
    expect((await node.annotations()).message).toContain('delete them: team/bare');
    expect(node.calls).not.toContain('revive');
    expect(node.calls.filter((call) => call === 'prepare')).toHaveLength(1);
    await server.delete('/api/v1/namespaces/team/pods/bare', { gracePeriodSeconds: '0' });
    await node.untilReady();
  });
});

describe('an upgrade', () => {
  test('moves the system pods away first', async () => {
    const node = await anInstalledNode();
    await node.end();
    await systemPod(node, 'system', true);
    node.turn('release', 'older');
    node.changeRevision();
    node.turn('pause-switch');
    node.start();
    await node.untilCalled('switch');
    expect(await server.list('/api/v1/namespaces/team/pods')).toEqual([]);
    expect(namesIn(await state(), 'held')).toEqual([node.name]);
    node.turnBack('pause-switch');
    await node.untilReady();
    await released();
    expect((await node.object()).spec.taints).toBeUndefined();
    expect(await node.annotations()).toEqual({ stage: 'ready', revision: node.revision });
  });

  test('that cannot drain leaves the node as it is and spends no budget', async () => {
    const node = await anInstalledNode();
    await node.end();
    await systemPod(node, 'bare', false);
    node.turn('release', 'older');
    node.changeRevision();
    node.start();
    await node.untilAnnotated({ stage: 'failed', reason: 'UnmanagedPods' });
    expect(node.calls).not.toContain('switch');
    await node.until(async () => expect(await state()).toMatchObject({ slots: {} }));
    await node.until(async () => expect((await node.object()).spec.taints).toBeUndefined());
  });
});

test('a dry run says what it would do, and takes no slot', async () => {
  const node = await aNode();
  node.turn('dry-run', 'yes');
  node.turn('warnings-prepare', 'would install rsync');
  node.configure({ DRY_RUN: 'true' });
  node.start();
  await node.untilAnnotated({ stage: 'validated', reason: 'DryRun', message: 'would write; would install rsync' });
  expect(node.calls).toEqual(['prepare']);
  expect(existsSync(join(node.root, 'opt/sysbox'))).toBe(false);
  expect(node.ready).toBe(false);
});

test('a warning of the preflight is an Event, and stays in the annotation of the ready node', async () => {
  const node = await aNode();
  node.turn('warnings-prepare', 'cgroup v1: Kubernetes 1.35 and later refuse it');
  node.start();
  await node.untilReady();
  // The server lists them by their names, which end in the time.
  expect((await node.events()).sort()).toEqual(['PreflightWarning', 'SysboxReady']);
  expect(await node.annotations()).toEqual({
    stage: 'ready',
    revision: node.revision,
    message: 'cgroup v1: Kubernetes 1.35 and later refuse it',
  });
});

test('a release that cannot be copied completely does not exist', async () => {
  const node = await aNode();
  rmSync(join(directory, 'image', 'sysbox-mgr'));
  node.start();
  await node.untilAnnotated({ stage: 'failed', reason: 'CannotWrite' });
  expect(node.calls).not.toContain('prepare');
});

test('an old kubelet is refused, and an API server that does not answer is not mistaken for one', async () => {
  const node = await aNode();
  network.weather = 'outage';
  node.start();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  network.weather = 'fair';
  await node.untilReady();
  expect(await node.events()).toEqual(['SysboxReady']);

  const old = await aNode();
  await server.patch(`${nodePath(old.name)}/status`, { status: { nodeInfo: { kubeletVersion: 'v1.31.4+k3s1' } } });
  old.start();
  await old.untilAnnotated({ stage: 'failed', reason: 'OldKubernetes' });
});

test('a pod that is asked to end ends immediately', async () => {
  const node = await anInstalledNode();
  const before = Date.now();
  await node.end('SIGTERM');
  expect(Date.now() - before).toBeLessThan(1500);
});
