import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, startApiServer } from '../cluster/api-server';
import { buildTimeout } from '../cluster/build';
import { namesIn } from './rollout-state';
import { rolloutPath } from './rollout-watch';
import { manifestText } from './manifests';
import { installerPod, namespace } from './pod';
import { Random } from './random';
import { programDirectory } from './rules';
import { SimulatedNode } from './simulated-node';
import { lowerBound, VirtualCluster } from './virtual-cluster';
import { expiryRounds, Node, Simulation, SimulationOptions } from './simulation';

let server: ApiServer;
let simulation: Simulation;
const random = new Random();

beforeAll(async () => {
  server = await startApiServer({ minor: '1.37' });
  await server.apply(manifestText);
}, buildTimeout);
afterAll(() => server?.stop());
afterEach(() => simulation?.stop());

const start = async (options: SimulationOptions) => (simulation = await Simulation.start(server, options, random));

/** Nothing was wrong, and the judge saw it all: every node that is done was granted its slot before its eyes. */
function judged({ judge, ...all }: Simulation): void {
  expect(judge.violations).toEqual([]);
  expect(judge.grants).toBeGreaterThanOrEqual(all.nodes.filter(({ phase }) => phase === 'done').length);
}

test('a rollout over fifty nodes takes little longer than it must', async () => {
  const options = { agents: 50, servers: 3, concurrency: 12, budget: 1, restart: 11 };
  const all = await start(options);
  const rounds = await all.run(400);
  const bound = lowerBound({ ...options, concurrency: String(options.concurrency), restartSeconds: options.restart });
  console.log(`${all.summary('No fault', rounds)}. Lower bound ${bound} rounds, ratio ${(rounds / bound).toFixed(2)}`);
  judged(all);
  expect(all.in('done')).toHaveLength(53);
  // A round is five seconds, and what is done within one is seen in the next.
  expect(rounds / bound).toBeLessThan(1.25);
  const state = await all.state();
  expect(state).toMatchObject({ slots: {}, done: 53 });
  // The model of the thousands (virtual-cluster.ts) makes the same requests.
  await comparedWithModel(all, options);
}, 600_000);

async function comparedWithModel(all: Simulation, options: SimulationOptions): Promise<void> {
  const model = new VirtualCluster({
    ...options,
    concurrency: String(options.concurrency),
    restartSeconds: options.restart * 5,
  });
  await model.run();
  const writes = all.versions / model.requests.write;
  const time = (all.round * 5) / model.end;
  console.log(
    `Real programs to model: ${writes.toFixed(2)} of the ConfigMap's versions, ${time.toFixed(2)} of the time. ${model.summary()}`,
  );
  expect(all.judge.grants).toBe(model.judge.grants);
  expect(all.judge.mostAtOnce).toBe(model.judge.mostAtOnce);
  expect(time).toBeGreaterThan(0.8);
  expect(time).toBeLessThan(1.25);
}

test('holders that die, outages, lost answers, other writers and sick servers break no rule and lose no slot', async () => {
  const options = { agents: 16, servers: 3, concurrency: 4, budget: 7, restart: 3 };
  const all = await start(options);
  let deaths = 0;
  all.accident = (node) => {
    // Half of them in the middle of a restart; as many for ever as leave the budget something to give.
    if (!all.random.chance(node.phase === 'restarting' ? 0.12 : 0.01)) return false;
    const forGood = node.phase === 'restarting' && ++deaths <= 4;
    void all.kill(node, forGood ? undefined : 1 + all.random.below(expiryRounds * 1.5));
    return true;
  };
  all.events = async (round) => {
    all.network.weather = round % 9 === 4 ? 'outage' : round % 9 === 7 ? 'answers-lost' : 'fair';
    const patient = all.random.pick(all.nodes.filter((node) => node.server));
    await all.setHealthy(patient, round > 70 || all.random.chance(0.8));
    // Somebody else writes the same object, without knowing what it holds.
    void server.patch(rolloutPath, { metadata: { labels: { round: String(round) } } }).catch(() => undefined);
    if (round > 60) all.accident = () => false;
  };
  const rounds = await all.run(600);
  console.log(all.summary('Faults', rounds));
  judged(all);
  const state = await all.state();
  // Those that died for good keep their slot, and count as failed; every other slot is free again.
  const dead = all.in('dead').map(({ name }) => name);
  expect(Object.keys(state.slots).filter((name) => !dead.includes(name))).toEqual([]);
  expect(dead.length).toBeGreaterThan(0);
  expect(all.in('waiting')).toEqual([]);
}, 600_000);

test('a fault that every node would hit hits the canary; a revision without it starts again', async () => {
  const options = { agents: 12, servers: 3, concurrency: 3, budget: 1, restart: 2 };
  const all = await start(options);
  all.fate = () => 'failure';
  const stoppedAfter = await all.run(100);
  expect(all.in('failed')).toHaveLength(1);
  expect(all.in('waiting')).toHaveLength(14);
  expect(namesIn(await all.state(), 'failed')).toHaveLength(1);

  all.fate = () => 'success';
  await all.newRevision();
  const rounds = await all.run(100);
  console.log(
    `${all.summary('A bad revision, then a good one', stoppedAfter + rounds)}; the bad one stopped after ${stoppedAfter}`,
  );
  judged(all);
  expect(all.in('done')).toHaveLength(15);
}, 600_000);

test('a new revision in the middle of a rollout begins with a canary, when the restarts of the older one are over', async () => {
  const options = { agents: 16, servers: 2, concurrency: 3, budget: 5, restart: 4 };
  const all = await start(options);
  while (all.in('restarting').length < 3) await all.step();
  const inRestart = all.in('restarting').map(({ name }) => name);

  await all.newRevision();
  const stale = await staleProcess(all);
  const canary = new Promise<string[]>((resolve) => {
    all.events = async () => {
      const state = await all.state();
      if (state.revision === 'p2') resolve(namesIn(state, 'held'));
      else expect(namesIn(state, 'held').every((name) => inRestart.includes(name))).toBe(true);
      // A pod of the older revision that the kubelet has not ended yet takes part in nothing.
      expect(await stale.ask('acquire', 0)).not.toBe('granted');
    };
  });
  const rounds = await all.run(100);
  await stale.kill();
  console.log(all.summary('Two revisions', rounds));
  expect(await canary).toHaveLength(1);
  judged(all);
  expect(all.in('done')).toHaveLength(18);
}, 600_000);

/** A pod of revision p1 on a node of its own; deleted, but its process still runs. */
async function staleProcess({ network, options }: Simulation): Promise<SimulatedNode> {
  await server.createNode('stale', { labels: { 'sysbox-install': 'yes' } });
  const pod = await installerPod(server, 'stale', mkdtempSync(join(tmpdir(), 'stale-')), network.url);
  await server.delete(`/api/v1/namespaces/${namespace}/pods/${pod.POD_NAME}`);
  return new SimulatedNode(pod, { ...options, revision: 'p1', expiry: 240, skew: 0, shell: ['dash'] });
}

test('a stopped rollout continues when the failed node is retried and succeeds', async () => {
  const all = await start({ agents: 6, servers: 1, concurrency: 1, budget: 1, restart: 1 });
  all.fate = () => 'failure';
  await all.run(30);
  const [failed] = all.in('failed');
  expect(all.in('waiting')).toHaveLength(6);

  all.fate = () => 'success';
  Object.assign(failed as Node, { phase: 'waiting', stopped: false });
  await all.run(300);
  judged(all);
  expect(all.in('done')).toHaveLength(7);
  expect(await all.state()).toMatchObject({ slots: {}, done: 7 });
}, 600_000);

test('no decision depends on a wall clock', () => {
  const programs = ['slots.sh', 'slots.jq']
    .map((name) => readFileSync(join(programDirectory, name), 'utf8'))
    .join('\n');
  const code = programs.replace(/^\s*#.*$/gm, '');
  // jq's and the shell's ways to it; the nodes of the rollouts above are up to 70 hours apart.
  expect(code).not.toMatch(/\bdate\b|\$\(now\b|\(now\b|renewTime|(?<!deletion)Timestamp|todate|mktime/);
});
