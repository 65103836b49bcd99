import { lowerBound, VirtualCluster, VirtualOptions } from './virtual-cluster';

/** One restart with the checks after it, on hardware (node-findings). */
const restartSeconds = 55;

async function rolledOut(
  options: Partial<VirtualOptions>,
  prepare: (cluster: VirtualCluster) => void = () => undefined,
) {
  const cluster = new VirtualCluster({
    agents: 1000,
    servers: 3,
    concurrency: '5%',
    budget: 1,
    restartSeconds,
    ...options,
  });
  prepare(cluster);
  await cluster.run();
  console.log(cluster.summary());
  expect(cluster.judge.violations).toEqual([]);
  return cluster;
}

test('a thousand agents are done within an hour by default, in at most 1.1 of the time that the waves take', async () => {
  const agents = Number(process.env.ROLLOUT_AGENTS ?? 1000);
  const cluster = await rolledOut({ agents });
  expect(cluster.in('done')).toHaveLength(agents + 3);
  expect(cluster.end).toBeLessThan(3600);
  expect(cluster.end / lowerBound(cluster.options)).toBeLessThan(1.1);
  // A freed slot notifies nobody: a grant and a release per node, without two more that conflict.
  expect(cluster.requests.write).toBeLessThan(4 * (agents + 3));
}, 3_600_000);

test.each([
  [3, 1, '1'],
  [5, 3, '5%'],
  [30, 3, '10'],
])(
  '%d agents and %d servers, %s at a time, take at most 1.1 of the lower bound',
  async (agents, servers, concurrency) => {
    const cluster = await rolledOut({ agents, servers, concurrency });
    expect(cluster.in('done')).toHaveLength(agents + servers);
    // The pods start within a minute, which is not the coordination's.
    expect((cluster.end - 60) / lowerBound(cluster.options)).toBeLessThan(1.1);
  },
  120_000,
);

test('a change that fails everywhere hits the canary alone', async () => {
  const cluster = await rolledOut({ agents: 200 }, (all) => (all.fate = () => 'failure'));
  expect(cluster.in('failed')).toHaveLength(1);
  expect(cluster.in('waiting')).toHaveLength(202);
}, 120_000);

test('the worst loss is the budget and the nodes in restart', async () => {
  let started = 0;
  const cluster = await rolledOut({ agents: 200, concurrency: '20', budget: 3 }, (all) => {
    all.fate = () => (++started > 60 ? 'failure' : 'success');
  });
  expect(cluster.in('failed').length).toBeGreaterThanOrEqual(3);
  expect(cluster.in('failed').length).toBeLessThanOrEqual(3 - 1 + 20);
}, 120_000);

test('nodes that are deleted in the middle of their restart spend nothing', async () => {
  let started = 0;
  const cluster = await rolledOut({ agents: 100, concurrency: '10' }, (all) => {
    all.fate = () => (++started % 10 === 0 ? 'is deleted' : 'success');
  });
  expect(cluster.in('done').length + cluster.in('deleted').length).toBe(103);
  expect(cluster.in('deleted').length).toBeGreaterThan(5);
}, 120_000);

test('a node that vanishes in the middle of its restart spends the budget', async () => {
  let started = 0;
  const cluster = await rolledOut({ agents: 100, concurrency: '10' }, (all) => {
    all.fate = () => (++started === 40 ? 'vanishes' : 'success');
  });
  expect(cluster.in('vanished')).toHaveLength(1);
}, 120_000);
