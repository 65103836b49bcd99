// What goes wrong around a node that has the runtime: a foreign file that containerd rejects, and K3s that does not come
// back after a change of ours.
import { diagnose } from './harness/diagnosis';
import { Installation, minutes } from './harness/installation';
import { installed } from './harness/installed';
import { Cluster } from './harness/kubectl';
import { distImages } from './harness/manifests';
import type { Node } from './harness/node';
import { platform, serverNode } from './harness/platform';
import { Steps } from './harness/steps';
import { waitFor } from './harness/wait';

jest.setTimeout(90 * 60_000);

const FOLDER = '/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d';
const OURS = `${FOLDER}/cdk8s-sysbox.toml`;
const FOREIGN = `${FOLDER}/theirs.toml`;
const REJECTED = 'version = 4\n';
/** K3s's unit fails while our drop-in is there: whatever the reason, the change of ours is what K3s does not survive. */
const SABOTAGE = '/etc/systemd/system/k3s.service.d/90-sabotage.conf';

const steps = new Steps('Trouble on a K3s server with the runtime');
let node: Node;
let cluster: Cluster;
let installation: Installation;
let ours: string;

const property = (name: string) => node.run(`systemctl show -p ${name} --value k3s`);
const crashLoops = () =>
  waitFor('K3s fails over and over', minutes(5), async () => Number(await property('NRestarts')) >= 2);
const mended = () => waitFor('our drop-in is back', minutes(15), async () => (await node.run(`cat ${OURS}`)) === ours);

beforeAll(async () => {
  const built = await platform(distImages());
  const { disk } = await steps.step('node with the runtime built or found in the cache', () => installed(built));
  node = await serverNode({ ...built, disk });
  const start = new Date();
  await steps.step('boot to ssh', () => node.boot());
  cluster = await Cluster.of(node);
  installation = new Installation(node, cluster);
  await steps.step('installer ready', () => installation.ready(start));
  ours = await node.run(`cat ${OURS}`);
});

afterAll(async () => {
  steps.print();
  await node?.dispose();
});

/** A test of which the node's state is printed when it fails. */
function trouble(name: string, act: () => Promise<void>): void {
  test(name, async () => {
    try {
      await act();
    } catch (error) {
      process.stdout.write(await diagnose(node, cluster));
      throw error;
    }
  });
}

trouble('a foreign drop-in that stops K3s does not cost us our file, and its removal heals the node', async () => {
  await node.put(FOREIGN, { content: REJECTED });
  await node.run('systemctl restart --no-block k3s');
  await steps.step('K3s fails with the foreign file', crashLoops);
  expect(await node.run(`cat ${OURS}`)).toBe(ours);
  expect(await node.run(`cat ${FOREIGN}`)).toBe(REJECTED.trim());
  const since = new Date();
  await node.run(`rm ${FOREIGN}`);
  await steps.step('foreign file removed to Ready', () => cluster.nodeReady(node.name, since));
  const invocation = await node.invocationId('k3s');
  await steps.step('installer ready', () => installation.ready());
  expect(await installation.said()).toMatchObject({ label: 'running', tainted: false });
  expect(await node.invocationId('k3s')).toBe(invocation);
});

trouble('a change beside a foreign file that containerd rejects is refused before anything restarts', async () => {
  await node.put(FOREIGN, { content: REJECTED });
  const invocation = await node.invocationId('k3s');
  await node.run(`rm ${OURS}`); // what the installer has to mend
  const { message } = await steps.step('refused', () =>
    installation.says('BrokenConfiguration', ({ reason }) => reason === 'BrokenConfiguration'),
  );
  process.stdout.write(`  ${message}\n`);
  await steps.step('refused once more', () => installation.anotherRun());
  expect(await node.invocationId('k3s')).toBe(invocation);
  expect(await node.run(`cat ${FOREIGN}`)).toBe(REJECTED.trim());
  expect((await node.exec(`test -e ${OURS}`)).code).not.toBe(0);
  expect(await installation.events()).toContain('BrokenConfiguration');

  const starts = await node.starts('k3s');
  await node.run(`rm ${FOREIGN}`);
  await steps.step('foreign file removed to our drop-in mended', mended);
  await steps.step('to ready again', () => installation.ready());
  expect(await node.starts('k3s')).toBe(starts + 1);
});

trouble(
  'K3s that does not come back after a change is rolled back once, and the change is not tried again',
  async () => {
    await node.put(SABOTAGE, { content: `[Service]\nExecStartPre=/bin/sh -c '! test -e ${OURS}'\n` });
    await node.run('systemctl daemon-reload');
    const starts = await node.starts('k3s');
    const since = new Date();
    await node.run(`rm ${OURS}`);
    const { message } = await steps.step('rolled back', () =>
      installation.says('CrashLoop', ({ stage, reason }) => stage === 'failed' && reason === 'CrashLoop'),
    );
    process.stdout.write(`  ${message}\n`);
    await steps.step('K3s Ready as before', () => cluster.nodeReady(node.name, since));
    expect(await installation.journal('rollbacks')).toBe('1');
    expect((await node.exec(`test -e ${OURS}`)).code).not.toBe(0);
    const after = await node.starts('k3s');
    process.stdout.write(`  starts of K3s: ${after - starts}, the failed ones of systemd included\n`);
    const invocation = await node.invocationId('k3s');
    await steps.step('refused at the next look', () => installation.anotherRun());
    expect(await node.invocationId('k3s')).toBe(invocation);
    expect(await installation.journal('rollbacks')).toBe('1');

    await node.run(`rm ${SABOTAGE}; systemctl daemon-reload`);
    await cluster.kubectl(['annotate', 'node', node.name, 'cdk8s-sysbox.io/retry=true']);
    await steps.step('retry asked for to our drop-in mended', mended);
    await steps.step('to ready again', () => installation.ready());
    expect(await node.starts('k3s')).toBe(after + 1);
    expect(await installation.journal('failed_plan')).toBe('');
  },
);
