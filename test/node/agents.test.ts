// One rollout over two agents: the canary alone, then the other.
import { Duration } from 'cdk8s';
import { agentNode, agentPlatform } from './harness/agentNode';
import { diagnose } from './harness/diagnosis';
import { runtimeYaml } from './harness/installation';
import { startK3s } from './harness/k3s';
import type { NativeServer } from './harness/nativeServer';
import type { Node } from './harness/node';
import { freePort, lanCard } from './harness/machine';
import { watchRollout, type Rollout } from './harness/rollout';
import { Steps } from './harness/steps';

jest.setTimeout(120 * 60_000);

const unit = 'edge';
const dataDir = '/data/k3s';

const steps = new Steps('One rollout over two K3s agents');
let server: NativeServer;
const nodes: Node[] = [];

let seen: Rollout[] = [];

beforeAll(async () => {
  const agents = await agentPlatform({ unit, dataDir });
  server = agents.server;
  server.start();
  await server.ready();
  // Nodes have an address of their own on a segment that they share.
  const lanPort = await freePort();
  for (const [name, address] of Object.entries({ 'edge-1': '192.168.77.2', 'edge-2': '192.168.77.3' })) {
    const config = { 'node-label': ['sysbox-install=yes'], 'node-ip': address, 'flannel-iface': lanCard() };
    const lan = { lanPort, lanAddress: `${address}/24` };
    nodes.push(await agentNode(server, unit, { name, disk: agents.disk, config, memoryMiB: 3072, cpus: 1, ...lan }));
  }
  await diagnosed(async () => {
    const start = new Date();
    await steps.step('two nodes booted to ssh', () => Promise.all(nodes.map((node) => node.boot())));
    await Promise.all(nodes.map((node) => startK3s(node, { unit, role: 'agent' })));
    await steps.step('two agents Ready', () =>
      Promise.all(nodes.map((node) => server.cluster.nodeReady(node.name, start))),
    );
    await server.cluster.apply(runtimeYaml({ rollout: { deadline: Duration.minutes(10) } }));
    seen = await steps.step('both nodes ready with the runtime', () =>
      watchRollout(server.cluster, async ({ done, holders }) => done === nodes.length && holders.length === 0),
    );
  });
});

afterAll(async () => {
  steps.print();
  await Promise.all(nodes.map((node) => node.dispose()));
  await server?.dispose();
});

test('there are never two holders, and the second comes after the success of the first', () => {
  process.stdout.write(`${seen.map(({ holders, done }) => `  ${holders} done ${done}`).join('\n')}\n`);
  expect(seen.every(({ holders }) => holders.length <= 1)).toBe(true);
  const canary = seen.find(({ holders }) => holders.length > 0)!.holders[0];
  for (const { holders, done } of seen) if (holders.length > 0 && holders[0] !== canary) expect(done).toBe(1);
  expect(seen.every(({ failed }) => Object.keys(failed).length === 0)).toBe(true);
});

test('no agent was restarted before the other one was verified, and each of them once', async () => {
  const times = await Promise.all(
    nodes.map(async (node) => {
      const [, restart] = await unitTimes(node);
      const verified = await logTime(node, 'cdk8s-sysbox: verified');
      return { restart: restart!, verified, starts: await node.starts(unit) };
    }),
  );
  process.stdout.write(`${JSON.stringify(times)}\n`);
  const [first, second] = times.sort((a, b) => a.restart - b.restart);
  expect(first!.verified).toBeLessThan(second!.restart);
  expect(times.map(({ starts }) => starts)).toEqual([2, 2]);
});

/** When the agent's unit was started, in seconds. */
async function unitTimes(node: Node): Promise<number[]> {
  const starting = '7d4958e842da4a758f6c1cdc7b36dcc5';
  const lines = await node.run(`journalctl -b -q -o short-unix UNIT=${unit}.service MESSAGE_ID=${starting}`);
  return lines.split('\n').filter(Boolean).map(Number.parseFloat);
}

/** When the host program said this for the first time. */
async function logTime(node: Node, text: string): Promise<number> {
  return Number.parseFloat(await node.run(`journalctl -b -q -o short-unix | grep -F '${text}' | head -n 1`));
}

async function diagnosed(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    for (const node of nodes) process.stdout.write(`${await diagnose(node, server.cluster)}\n`);
    throw error;
  }
}
