import { killEverywhere, print } from './kills';
import { install, installed } from './operations';
import { FakeNode } from './world';

jest.setTimeout(900_000);

/** Committed and restarted; then the pod and the host program are gone, and nobody confirms. */
function unconfirmed(node: FakeNode): FakeNode {
  node.run('prepare');
  node.run('commit');
  expect(node.journal('state')).toBe('restarted');
  return node;
}

describe('the dead-man', () => {
  test('killed at every command boundary of its rollback, leaves the configuration of before', () => {
    const operation = {
      ...install(),
      node: () => {
        const node = unconfirmed(new FakeNode());
        node.flag('sandbox-fails');
        return node;
      },
      act: (node: FakeNode, env: NodeJS.ProcessEnv) => {
        node.run('deadman', [], env);
        if (node.journal('state') === 'rolling-back') node.run('prepare', [], env);
      },
      done: (node: FakeNode) => {
        expect(node.hasRuntime()).toBe(false);
        expect(node.journal('rollbacks')).toBe('1');
      },
    };
    print('K3s: dead-man', killEverywhere(operation));
  });

  test('accepts a change that works, although the pod that asked for it is gone', () => {
    const node = unconfirmed(new FakeNode());
    node.pass(700);
    expect(node.journal('state')).toBe('verified');
    expect(node.hasRuntime()).toBe(true);
    node.dispose();
  });

  test('accepts the change while a command waits for it, which then restarts nothing', () => {
    const node = unconfirmed(new FakeNode());
    node.pass(700);
    const starts = node.starts();
    const run = node.run('commit'); // asked for before the dead-man was done
    expect(node.statusOf(run)).toMatchObject({ stage: 'restarted' });
    expect(node.statusOf(node.run('confirm'))).toMatchObject({ stage: 'verified' });
    expect(node.starts()).toBe(starts);
    expect(node.hasRuntime()).toBe(true);
    node.dispose();
  });

  test('rolls back when K3s hangs, and names what was seen', () => {
    const node = new FakeNode();
    node.flag('hangs-with-ours');
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'EngineDown' });
    expect(node.journal('rollbacks')).toBe('1');
    expect(node.k3sRuns()).toBe(true);
    expect(node.hasRuntime()).toBe(false);
    node.dispose();
  });

  test('waits for the server of an agent, and then continues without a rollback', () => {
    const node = new FakeNode({ role: 'agent' });
    node.run('prepare');
    node.flag('server-leaves-at-restart');
    node.run('commit');
    node.settleTimers();
    expect(node.journal('state')).toBe('committed');
    expect(node.known('deadman.log')).toContain('has not started containerd');
    node.flag('server-away', false);
    node.pass(20);
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.journal('rollbacks')).toBe('');
    node.pass(1300, 50);
    expect(node.journal('state')).toBe('verified');
    node.dispose();
  });

  test.each([
    ['for the first time', 590],
    ['again', 1190],
  ])('gives K3s a deadline of its own when the server came back just before it looks %s', (_, after) => {
    const node = new FakeNode({ role: 'agent' });
    node.run('prepare');
    node.flag('server-leaves-at-restart');
    node.flag('server-returns', String(node.uptime() + after));
    node.flag('server-slow', '60');
    node.run('commit');
    node.settleTimers();
    node.pass(after + 30 - 600);
    expect(node.known('deadman.log')).toContain('has not started containerd');
    expect(node.journal('state')).toBe('committed');
    node.pass(1300);
    expect(node.journal('state')).toBe('verified');
    expect(node.journal('rollbacks')).toBe('');
    expect(node.starts()).toBe(1);
    node.dispose();
  });

  test('rolls back when K3s does not come up although its server is back', () => {
    const node = new FakeNode({ role: 'agent' });
    node.run('prepare');
    node.flag('server-leaves-at-restart');
    node.flag('server-returns', String(node.uptime() + 590));
    node.flag('hangs-with-ours');
    node.run('commit');
    node.pass(1300);
    expect(node.journal('rollbacks')).toBe('1');
    expect(node.k3sRuns()).toBe(true);
    expect(node.hasRuntime()).toBe(false);
    node.dispose();
  });

  test('restores what was verified, not an empty configuration', () => {
    const node = installed();
    node.publish('two', {}, node.otherRuntime());
    unconfirmed(node);
    node.flag('sandbox-fails');
    node.pass(700);
    expect(node.journal('state')).toBe('verified');
    expect(node.hasRuntime()).toBe(true);
    expect(node.loaded()).not.toContain('io.sysbox');
    node.dispose();
  });

  test('and the guard restore the same file concurrently, each with a partial file of its own', () => {
    const node = installed();
    const verified = node.read(node.dropIn());
    node.publish('two', {}, node.otherRuntime());
    unconfirmed(node);
    node.sh('sed -i s/^state=.*/state=rolling-back/ "$SYSBOX_ROOT/var/lib/cdk8s-sysbox/journal"');
    // The dead-man has written this, and is about to rename it.
    node.write(`${node.dropIn()}.cdk8s-sysbox-new`, verified);
    node.sh('dash "$SYSBOX_ROOT/var/lib/cdk8s-sysbox/programs/current/host.sh" guard');
    expect(node.read(node.dropIn())).toBe(verified);
    expect(node.exists(`${node.dropIn()}.cdk8s-sysbox-new`)).toBe(true);
    node.dispose();
  });
});
