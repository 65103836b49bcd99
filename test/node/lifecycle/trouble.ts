// What goes wrong around a node that has the runtime: a foreign file that containerd rejects, and K3s that does not come
// back after a change of ours.
import { minutes } from '../harness/installation';
import { waitFor } from '../harness/wait';
import { DIRECTORY, type Lifecycle, OURS, sabotage } from './lifecycle';

const FOREIGN = `${DIRECTORY}/theirs.toml`;
const REJECTED = 'version = 4\n';

export function trouble(lifecycle: Lifecycle): void {
  /** Our drop-in as it was verified. */
  let ours: string;
  const crashLoops = () =>
    waitFor('K3s fails over and over', minutes(5), async () => {
      return Number(await lifecycle.node.run('systemctl show -p NRestarts --value k3s')) >= 2;
    });

  lifecycle.chapter(
    'a foreign drop-in that stops K3s does not cost us our file; its removal heals the node',
    async () => {
      ours = await lifecycle.node.run(`cat ${OURS}`);
      await lifecycle.node.put(FOREIGN, { content: REJECTED });
      await lifecycle.node.run('systemctl restart --no-block k3s');
      await lifecycle.step('K3s fails with the foreign file', crashLoops);
      expect(await lifecycle.node.run(`cat ${OURS}`)).toBe(ours);
      expect(await lifecycle.node.run(`cat ${FOREIGN}`)).toBe(REJECTED.trim());
      const since = new Date();
      await lifecycle.node.run(`rm ${FOREIGN}`);
      await lifecycle.step('foreign file removed to Ready', () =>
        lifecycle.cluster.nodeReady(lifecycle.node.name, since),
      );
      const invocation = await lifecycle.node.invocationId('k3s');
      await lifecycle.step('installer ready', () => lifecycle.installation.ready());
      expect(await lifecycle.installation.said()).toMatchObject({ label: 'running', tainted: false });
      expect(await lifecycle.node.invocationId('k3s')).toBe(invocation);
    },
  );

  lifecycle.chapter(
    'a change alongside a foreign file that containerd rejects is refused before a restart',
    async () => {
      await lifecycle.node.put(FOREIGN, { content: REJECTED });
      const invocation = await lifecycle.node.invocationId('k3s');
      await lifecycle.node.run(`rm ${OURS}`); // what the installer has to restore
      const { message } = await lifecycle.step('refused', () =>
        lifecycle.installation.says('BrokenConfiguration', ({ reason }) => reason === 'BrokenConfiguration'),
      );
      process.stdout.write(`  ${message}\n`);
      expect(await lifecycle.node.invocationId('k3s')).toBe(invocation);
      expect(await lifecycle.node.run(`cat ${FOREIGN}`)).toBe(REJECTED.trim());
      expect(await lifecycle.exists(OURS)).toBe(false);
      expect(await lifecycle.installation.events()).toContain('BrokenConfiguration');
    },
  );

  // Where the chapter before has left the node: without our drop-in, which the installer restores once it may.
  lifecycle.chapter('K3s that does not survive a change is rolled back once, and it is not tried again', async () => {
    await sabotage.begin(lifecycle.node);
    const starts = await lifecycle.node.starts('k3s');
    const since = new Date();
    await lifecycle.node.run(`rm ${FOREIGN}`);
    const { message } = await lifecycle.step('foreign file removed to our change rolled back', () =>
      lifecycle.installation.says('CrashLoop', ({ stage, reason }) => stage === 'failed' && reason === 'CrashLoop'),
    );
    process.stdout.write(`  ${message}\n`);
    await lifecycle.step('K3s Ready as before', () => lifecycle.cluster.nodeReady(lifecycle.node.name, since));
    expect(await lifecycle.installation.journal('rollbacks')).toBe('1');
    expect(await lifecycle.exists(OURS)).toBe(false);
    const after = await lifecycle.node.starts('k3s');
    process.stdout.write(`  starts of K3s: ${after - starts}, those of systemd's own Restart= included\n`);
    const invocation = await lifecycle.node.invocationId('k3s');
    await lifecycle.step('refused at the next look', () => lifecycle.installation.anotherRun());
    expect(await lifecycle.node.invocationId('k3s')).toBe(invocation);
    expect(await lifecycle.installation.journal('rollbacks')).toBe('1');

    await sabotage.end(lifecycle.node);
    await lifecycle.cluster.kubectl(['annotate', 'node', lifecycle.node.name, 'cdk8s-sysbox.io/retry=true']);
    await lifecycle.step('retry requested to our drop-in restored', () =>
      waitFor('our drop-in is back', minutes(20), async () => (await lifecycle.node.run(`cat ${OURS}`)) === ours),
    );
    await lifecycle.step('to ready again', () => lifecycle.installation.ready());
    expect(await lifecycle.node.starts('k3s')).toBe(after + 1);
    expect(await lifecycle.installation.journal('failed_change')).toBe('');
  });
}
