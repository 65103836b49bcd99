// Power cuts in every stage of an installation: after each of them K3s runs with the old configuration or the new one,
// complete, and the installation goes on to its end by itself.
import { containerdRuntimes, type RuntimeTable } from './harness/containerd';
import { diagnose } from './harness/diagnosis';
import { heldAt, type Stage } from './harness/hold';
import { Installation, minutes } from './harness/installation';
import { Cluster } from './harness/kubectl';
import { distImages } from './harness/manifests';
import type { Node } from './harness/node';
import { platform, serverNode } from './harness/platform';
import { Steps } from './harness/steps';
import { waitFor } from './harness/wait';
import { DIRECTORY, OURS, sabotage } from './lifecycle/lifecycle';

jest.setTimeout(90 * 60_000);

const steps = new Steps('Power cuts during an installation');
let node: Node;
let cluster: Cluster;
let installation: Installation;
let runtimesBefore: Record<string, RuntimeTable>;
/** The stage that the node is held at, or on its way to. */
let held: Promise<string>;

/** From now on inside the node: nothing is missed while the test looks elsewhere. */
function watchFor(stage: Stage): void {
  held = steps.step(`reached ${stage}`, () => heldAt(node, stage));
  held.catch(() => undefined); // awaited by the next test
}

beforeAll(async () => {
  const built = await platform(distImages());
  node = await serverNode(built);
  const start = new Date();
  await steps.step('boot to ssh', () => node.boot());
  cluster = await Cluster.of(node);
  installation = new Installation(node, cluster);
  await steps.step('K3s Ready', () => cluster.nodeReady(node.name, start));
  runtimesBefore = await containerdRuntimes(node);
  // K3s does not come up with our drop-in, until the first test is done.
  await sabotage.begin(node);
  watchFor('rolling-back');
  await installation.apply();
});

afterAll(async () => {
  steps.print();
  await node?.dispose();
});

function cut(name: string, act: () => Promise<void>): void {
  test(name, async () => {
    try {
      await act();
    } catch (error) {
      process.stdout.write(await diagnose(node, cluster));
      throw error;
    }
  });
}

/** Cuts the power at the stage that is watched for, and boots; resolves when the node is Ready with a complete configuration. */
async function powerCut(stage: Stage, next?: Stage): Promise<{ interruptions: string; runtime: boolean }> {
  await held;
  await node.powerCut();
  const start = new Date();
  await node.boot();
  if (next) watchFor(next);
  await cluster.nodeReady(node.name, start);
  steps.note(`power cut when ${stage} to Ready`, Date.now() - start.getTime());
  const interruptions = await installation.journal('interruptions');
  const { 'sysbox-runc': runtime, ...others } = await containerdRuntimes(node);
  expect(others).toEqual(runtimesBefore);
  if (runtime) {
    const options = { BinaryName: '/opt/sysbox/current/sysbox-runc', SystemdCgroup: true };
    expect(runtime).toMatchObject({ runtime_type: 'io.containerd.runc.v2', options });
  }
  expect(await node.starts('k3s')).toBeLessThanOrEqual(2); // the boot's, and one of the installer when it went on by itself
  return { interruptions, runtime: runtime !== undefined };
}

cut('while it is rolled back: the way back is finished, and counted once', async () => {
  const { runtime } = await powerCut('rolling-back');
  expect(runtime).toBe(false);
  await steps.step('failure reported', () =>
    installation.says('CrashLoop', ({ stage, reason }) => stage === 'failed' && reason === 'CrashLoop'),
  );
  expect(await installation.journal('rollbacks')).toBe('1');
  expect((await node.exec(`test -e ${OURS}`)).code).not.toBe(0);
  process.stdout.write(`  starts of K3s since the boot: ${await node.starts('k3s')}\n`);
});

cut('when it is staged', async () => {
  await sabotage.end(node);
  const run = await node.run('jq -r .stage /var/lib/cdk8s-sysbox/status.json');
  expect(run).toBe('failed');
  watchFor('staged');
  await cluster.kubectl(['annotate', 'node', node.name, 'cdk8s-sysbox.io/retry=true']);
  await powerCut('staged', 'validated');
});

cut('when it is validated', async () => {
  await powerCut('validated', 'committed');
});

cut('when it is committed: the guard puts the old configuration back', async () => {
  const { interruptions } = await powerCut('committed', 'restarted');
  expect(interruptions).toBe('1');
});

cut('when K3s is restarted: unconfirmed, the old configuration comes back', async () => {
  const { interruptions } = await powerCut('restarted', 'verified');
  expect(interruptions).toBe('2');
});

cut('when it is verified: the new configuration stays', async () => {
  const { runtime } = await powerCut('verified');
  expect(runtime).toBe(true);
  await steps.step('ready', () => installation.ready());
  expect(await node.starts('k3s')).toBe(1);
  expect(await installation.said()).toMatchObject({ label: 'running', stage: 'ready', tainted: false });
  expect(await installation.journal('interruptions')).toBe('0');
  const listening = await node.run(`awk '$4 == "00010000" { print $NF }' /proc/net/unix`);
  expect(listening).toContain('/run/sysbox/sysmgr.sock');
  await waitFor('no drop-in of the change before is left', minutes(1), async () => {
    const files = await node.run(`ls -A ${DIRECTORY}`);
    return files === 'cdk8s-sysbox.toml';
  });
});
