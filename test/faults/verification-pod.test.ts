import { installed } from './operations';
import { FakeNode } from './world';

jest.setTimeout(120_000);

const nodes: FakeNode[] = [];
const keep = (node: FakeNode) => {
  nodes.push(node);
  return node;
};
afterEach(() => nodes.splice(0).forEach((node) => node.dispose()));

const abandoned = ['VerificationPodFailed', 'the pod ended with 1'];
const release = (node: FakeNode) => node.sh('readlink "$SYSBOX_ROOT/opt/sysbox/current"').stdout.trim();

test('a node is not verified before a pod has run, and needs no other pod after that', () => {
  const node = keep(new FakeNode());
  node.run('prepare');
  node.run('commit');
  node.run('confirm');
  expect(node.journal('state')).toBe('verified');
  expect(node.journal('unproven')).toBe('change');
  expect(node.statusOf(node.run('accept'))).toMatchObject({ stage: 'verified' });
  expect(node.journal('unproven')).toBe('');
  expect(node.statusOf(node.run('prepare'))).toMatchObject({ stage: 'verified', action: 'none' });
  expect(node.journal('unproven')).toBe('');
});

test('the dead-man accepts a change, and the verification pod still has to run', () => {
  const node = keep(new FakeNode());
  node.run('prepare');
  node.run('commit');
  node.pass(700);
  expect(node.journal('state')).toBe('verified');
  expect(node.journal('unproven')).toBe('change');
});

describe('a pod that fails', () => {
  test('after an install restores the old configuration with one restart, and the change is not retried', () => {
    const node = keep(new FakeNode());
    node.flag('pods-fail');
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'VerificationPodFailed' });
    expect(node.status().message).toBe('the old configuration is back: the pod ended with 1');
    expect(node.hasRuntime()).toBe(false);
    expect(node.starts()).toBe(2);
    node.flag('pods-fail', false);
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'VerificationPodFailed' });
    expect(node.starts()).toBe(2);
    node.run('retry');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.journal('unproven')).toBe('');
  });

  test('after a change restores the configuration that was verified before', () => {
    const node = keep(installed());
    node.publish('two', {}, node.otherRuntime());
    node.flag('pods-fail');
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'VerificationPodFailed' });
    expect(node.hasRuntime()).toBe(true);
    expect(node.loaded()).not.toContain('io.sysbox');
    // With the old revision it is ready again, once a pod has run.
    node.flag('pods-fail', false);
    node.publish('one');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.journal('unproven')).toBe('');
  });

  test('after an upgrade restores the previous release, without a restart of K3s', () => {
    const node = keep(installed());
    const [before, starts] = [release(node), node.starts()];
    node.publish('two');
    node.publishRelease('bbbb');
    node.flag('pods-fail');
    expect(node.converge()).toMatchObject({
      stage: 'failed',
      reason: 'VerificationPodFailed',
      message: 'the previous release is back: the pod ended with 1',
    });
    expect(release(node)).toBe(before);
    expect(node.starts()).toBe(starts);
    expect(node.statusOf(node.run('prepare'))).toMatchObject({ stage: 'failed', reason: 'VerificationPodFailed' });
  });

  test('after the daemons were started again rolls nothing back, since nothing was changed', () => {
    const node = keep(installed());
    const starts = node.starts();
    node.run('revive');
    expect(node.journal('unproven')).toBe('daemons');
    expect(node.statusOf(node.run('abandon', abandoned))).toMatchObject({
      stage: 'failed',
      reason: 'VerificationPodFailed',
    });
    expect(node.hasRuntime()).toBe(true);
    expect(node.starts()).toBe(starts);
    expect(node.journal('unproven')).toBe('daemons');
  });
});
