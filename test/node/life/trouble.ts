// What goes wrong around a node that has the runtime: a foreign file that containerd rejects, and K3s that does not come
// back after a change of ours.
import { minutes } from '../harness/installation';
import { waitFor } from '../harness/wait';
import { DIRECTORY, type Life, OURS, sabotage } from './life';

const FOREIGN = `${DIRECTORY}/theirs.toml`;
const REJECTED = 'version = 4\n';

export function trouble(life: Life): void {
  /** Our drop-in as it was verified. */
  let ours: string;
  const crashLoops = () =>
    waitFor('K3s fails over and over', minutes(5), async () => {
      return Number(await life.node.run('systemctl show -p NRestarts --value k3s')) >= 2;
    });

  life.chapter('a foreign drop-in that stops K3s does not cost us our file; its removal heals the node', async () => {
    ours = await life.node.run(`cat ${OURS}`);
    await life.node.put(FOREIGN, { content: REJECTED });
    await life.node.run('systemctl restart --no-block k3s');
    await life.step('K3s fails with the foreign file', crashLoops);
    expect(await life.node.run(`cat ${OURS}`)).toBe(ours);
    expect(await life.node.run(`cat ${FOREIGN}`)).toBe(REJECTED.trim());
    const since = new Date();
    await life.node.run(`rm ${FOREIGN}`);
    await life.step('foreign file removed to Ready', () => life.cluster.nodeReady(life.node.name, since));
    const invocation = await life.node.invocationId('k3s');
    await life.step('installer ready', () => life.installation.ready());
    expect(await life.installation.said()).toMatchObject({ label: 'running', tainted: false });
    expect(await life.node.invocationId('k3s')).toBe(invocation);
  });

  life.chapter('a change alongside a foreign file that containerd rejects is refused before a restart', async () => {
    await life.node.put(FOREIGN, { content: REJECTED });
    const invocation = await life.node.invocationId('k3s');
    await life.node.run(`rm ${OURS}`); // what the installer has to restore
    const { message } = await life.step('refused', () =>
      life.installation.says('BrokenConfiguration', ({ reason }) => reason === 'BrokenConfiguration'),
    );
    process.stdout.write(`  ${message}\n`);
    expect(await life.node.invocationId('k3s')).toBe(invocation);
    expect(await life.node.run(`cat ${FOREIGN}`)).toBe(REJECTED.trim());
    expect(await life.exists(OURS)).toBe(false);
    expect(await life.installation.events()).toContain('BrokenConfiguration');
  });

  // Where the chapter before has left the node: without our drop-in, which the installer restores once it may.
  life.chapter('K3s that does not survive a change is rolled back once, and it is not tried again', async () => {
    await sabotage.begin(life.node);
    const starts = await life.node.starts('k3s');
    const since = new Date();
    await life.node.run(`rm ${FOREIGN}`);
    const { message } = await life.step('foreign file removed to our change rolled back', () =>
      life.installation.says('CrashLoop', ({ stage, reason }) => stage === 'failed' && reason === 'CrashLoop'),
    );
    process.stdout.write(`  ${message}\n`);
    await life.step('K3s Ready as before', () => life.cluster.nodeReady(life.node.name, since));
    expect(await life.installation.journal('rollbacks')).toBe('1');
    expect(await life.exists(OURS)).toBe(false);
    const after = await life.node.starts('k3s');
    process.stdout.write(`  starts of K3s: ${after - starts}, those of systemd's own Restart= included\n`);
    const invocation = await life.node.invocationId('k3s');
    await life.step('refused at the next look', () => life.installation.anotherRun());
    expect(await life.node.invocationId('k3s')).toBe(invocation);
    expect(await life.installation.journal('rollbacks')).toBe('1');

    await sabotage.end(life.node);
    await life.cluster.kubectl(['annotate', 'node', life.node.name, 'cdk8s-sysbox.io/retry=true']);
    await life.step('retry requested to our drop-in restored', () =>
      waitFor('our drop-in is back', minutes(20), async () => (await life.node.run(`cat ${OURS}`)) === ours),
    );
    await life.step('to ready again', () => life.installation.ready());
    expect(await life.node.starts('k3s')).toBe(after + 1);
    expect(await life.installation.journal('failed_change')).toBe('');
  });
}
