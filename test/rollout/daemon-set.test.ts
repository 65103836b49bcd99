import { Duration } from 'cdk8s';
import { PercentOrAbsolute } from 'cdk8s-plus-30';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SysboxInstallationProps, SysboxRuntime } from '../../src';
import { ApiServer, eventually, startApiServer } from '../cluster/api-server';
import { buildTimeout } from '../cluster/build';
import { Controller } from '../cluster/controller';
import { synth } from '../support/synth';
import { startDaemonSetController } from './controller-manager';
import { CoordinatorNode } from './coordinator';
import { Kubelets } from './kubelets';
import { stateOfConfigMap } from './rollout-state';
import { rolloutPath } from './rollout-watch';
import { nodePath } from './pod';
import { UnreliableNetwork } from './unreliable';

/**
 * The whole way of the manifests through the real API server and the real DaemonSet controller to coordinators on model hosts (host/),
 * servers and agents together. The tests are one history of one cluster.
 */
let server: ApiServer;
let controllers: Controller;
let network: UnreliableNetwork;
let kubelets: Kubelets;
const directory = mkdtempSync(join(tmpdir(), 'daemon-set-'));
const servers = ['server-0', 'server-1'];
const agents = ['agent-0', 'agent-1', 'agent-2'];

beforeAll(async () => {
  server = await startApiServer({ minor: '1.37' });
  network = await UnreliableNetwork.before(server.url);
  await server.createNamespace('team');
  controllers = await startDaemonSetController(server);
  kubelets = new Kubelets(server, directory);
  for (const name of servers) await addNode(name, { 'node-role.kubernetes.io/control-plane': 'true' });
  for (const name of agents) await addNode(name);
}, buildTimeout);
afterAll(async () => {
  await kubelets?.stop();
  await controllers?.stop();
  await network?.stop();
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function addNode(name: string, labels: Record<string, string> = {}): Promise<CoordinatorNode> {
  await server.createNode(name, { labels: { 'sysbox-install': 'yes', ...labels } });
  await server.patch(nodePath(name), { spec: { taints: null } });
  const node = CoordinatorNode.withoutPod(server, network, name, directory);
  await node.kubelet();
  kubelets.nodes.set(name, node);
  return node;
}

const node = (name: string) => kubelets.nodes.get(name) as CoordinatorNode;
const all = () => [...kubelets.nodes.values()];
const count = (name: string, command: string) => node(name).calls.filter((call) => call === command).length;

async function apply(installation: SysboxInstallationProps): Promise<void> {
  const manifests = synth((chart) => new SysboxRuntime(chart, 'sysbox', { installation }));
  await server.apply(manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n'));
}

const describeAll = async () => {
  const lines = all().map(
    async ({ name, calls, annotations, output }) => `${name} ${calls} ${output.slice(-300)} ${annotations.length}`,
  );
  return `${(await Promise.all(lines)).join('\n')}\n${JSON.stringify(await server.get(rolloutPath))}\n${controllers.log()}\n${kubelets.error}`;
};
let described = '';

/** Every node of the list is in this stage under one revision. */
async function untilStage(stage: string, names: string[], revision?: string): Promise<string> {
  return eventually(
    async () => {
      const notes = await Promise.all(names.map((name) => node(name).annotations()));
      described = `${JSON.stringify(notes)}\n${await describeAll()}`;
      expect(notes.map((each) => each.stage)).toEqual(names.map(() => stage));
      const revisions = new Set(notes.map((each) => each.revision));
      expect(revisions.size).toBe(1);
      expect(revisions).not.toContain(revision);
      return [...revisions][0] as string;
    },
    240_000,
    () => described,
  );
}

async function pod(name: string, on: string, owned: boolean): Promise<void> {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true };
  await server.create('/api/v1/namespaces/team/pods', {
    metadata: { name, ownerReferences: owned ? [owner] : [] },
    spec: {
      nodeName: on,
      runtimeClassName: 'sysbox-runc',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'main:1' }],
    },
  });
}
const podNames = async () => (await server.list('/api/v1/namespaces/team/pods')).map(({ metadata }) => metadata.name);

const rollout = { concurrency: PercentOrAbsolute.absolute(1) };
let revision = '';

test('an installation restarts the agents, then the servers, each once', async () => {
  await apply({ rollout });
  revision = await untilStage('ready', [...agents, ...servers]);
  for (const { calls } of all()) expect(calls.filter((call) => call === 'commit')).toHaveLength(1);
  // Errors of a shell or of jq that nothing depends on are errors all the same.
  for (const { output } of all()) expect(output).toMatch(/^(\d\d:\d\d:\d\d .+\n)+$/);
  await eventually(async () => {
    const state = stateOfConfigMap(await server.get(rolloutPath));
    expect(state).toMatchObject({ revision, slots: {}, done: 5, nodes: 5, failed: '0', pending: '0' });
  }, 60_000);
  const { status } = await server.get('/apis/apps/v1/namespaces/sysbox-system/daemonsets/sysbox-installer');
  await eventually(async () => expect(status.desiredNumberScheduled).toBe(5));
}, 300_000);

test('a change of a setting replaces all pods, and restarts nothing', async () => {
  const before = kubelets.started.length;
  await apply({ rollout: { ...rollout, deadline: Duration.minutes(11) } });
  revision = await untilStage('ready', [...agents, ...servers], revision);
  expect(kubelets.started.length - before).toBe(5);
  for (const { calls } of all()) expect(calls.filter((call) => call === 'commit')).toHaveLength(1);
}, 300_000);

test('a change that is reverted before its pods come replaces none, and the older ones still take part', async () => {
  const before = kubelets.started.length;
  await controllers.stop();
  for (const minutes of [13, 11]) await apply({ rollout: { ...rollout, deadline: Duration.minutes(minutes) } });
  controllers = await startDaemonSetController(server);
  // The node has to restart again, which needs a slot.
  node('agent-0').record('state', '');
  await eventually(
    async () => expect(count('agent-0', 'commit')).toBe(2),
    120_000,
    () => node('agent-0').output.slice(-1000),
  );
  expect(await untilStage('ready', [...agents, ...servers])).toBe(revision);
  expect(kubelets.started).toHaveLength(before);
}, 300_000);

test('an upgrade reaches servers and agents, past a node that its preflight refuses and one that cannot be drained', async () => {
  node('agent-0').turn('prepare', 'KernelTooOld');
  await pod('bare', 'agent-1', false);
  await pod('neighbour', 'agent-1', true);
  await pod('movable', 'agent-2', true);
  for (const each of all()) each.turn('release', 'older');
  await apply({ rollout: { ...rollout, deadline: Duration.minutes(12) } });
  revision = await untilStage('ready', ['agent-2', ...servers], revision);
  expect(await node('agent-0').annotations()).toMatchObject({ stage: 'failed', reason: 'KernelTooOld', revision });
  expect(await node('agent-1').annotations()).toMatchObject({ stage: 'failed', reason: 'UnmanagedPods', revision });
  expect((await podNames()).sort()).toEqual(['bare', 'neighbour']);
  for (const name of ['agent-2', ...servers]) expect(count(name, 'switch')).toBe(1);
  for (const name of ['agent-0', 'agent-1']) expect(count(name, 'switch')).toBe(0);
  // Neither spends the budget of one.
  await eventually(async () => {
    const state = stateOfConfigMap(await server.get(rolloutPath));
    expect(state).toMatchObject({ revision, slots: {}, failed: '2: agent-0, agent-1', pending: '0' });
  }, 60_000);

  node('agent-0').turnBack('prepare');
  await server.delete('/api/v1/namespaces/team/pods/bare', { gracePeriodSeconds: '0' });
  await untilStage('ready', agents);
  expect(await podNames()).toEqual([]);
}, 400_000);

test('a node that is removed in the middle of its restart delays no other, and spends no budget', async () => {
  // A slot counts as vanished after this time, and is looked up after a quarter of it.
  kubelets.settings = { SLOT_EXPIRY: 40 };
  node('agent-1').turn('pause-switch');
  for (const each of all()) each.turn('release', 'older');
  await apply({ rollout: { ...rollout, deadline: Duration.minutes(13) } });
  await node('agent-1').untilCalled('switch', 2);
  await kubelets.remove('agent-1');
  revision = await untilStage('ready', ['agent-0', 'agent-2', ...servers], revision);
  const state = stateOfConfigMap(await server.get(rolloutPath));
  expect(state.slots).not.toHaveProperty('agent-1');
}, 400_000);

test('an uninstall ends on the servers too', async () => {
  await apply({ rollout, uninstall: true });
  await untilStage('removed', ['agent-0', 'agent-2', ...servers], revision);
  for (const each of all()) expect(existsSync(each.state)).toBe(false);
  for (const each of all()) expect(each.calls.filter((call) => call === 'uninstall')).toHaveLength(1);
  const { metadata } = await server.get(nodePath('server-0'));
  expect(metadata.labels['sysbox-runtime']).toBeUndefined();
}, 300_000);
