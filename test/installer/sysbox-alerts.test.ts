import { Duration } from 'cdk8s';
import { SysboxAlerts, SysboxAlertsProps } from '../../src/installer';
import { only, synth } from '../support/synth';

const rule = (props?: SysboxAlertsProps) =>
  only(
    synth((chart) => new SysboxAlerts(chart, 'alerts', props)),
    'PrometheusRule',
  );
const alert = (name: string, props?: SysboxAlertsProps) => {
  const [group] = rule(props).spec.groups;
  return group.rules.find((one: { alert: string }) => one.alert === name);
};

test('alerts about nodes, the rollout and running pods', () => {
  expect(rule().spec.groups[0].rules.map((one: { alert: string; for: string }) => [one.alert, one.for])).toEqual([
    ['SysboxNodeNotReady', '7200s'],
    ['SysboxRolloutStalled', '3600s'],
    ['SysboxRuntimeLost', '1800s'],
  ]);
});

test('each alert has a severity, a summary, the command to look with, and a runbook', () => {
  for (const { labels, annotations } of rule().spec.groups[0].rules) {
    expect(labels.severity).toMatch(/^(warning|critical)$/);
    expect(annotations).toEqual({
      summary: expect.stringContaining('Sysbox runtime'),
      description: expect.stringContaining('npx cdk8s-sysbox status'),
      runbook_url: expect.stringMatching(/^https:.*troubleshoot\.md$/),
    });
  }
});

test('labels select the Prometheus', () => {
  expect(rule({ labels: { release: 'monitoring' } }).metadata.labels).toEqual({ release: 'monitoring' });
});

test('the installer can be in another namespace', () => {
  const { expr } = alert('SysboxNodeNotReady', { installerNamespace: 'runtime' });
  expect(expr).toContain('kube_pod_status_ready{namespace="runtime"');
  expect(alert('SysboxRolloutStalled', { installerNamespace: 'runtime' }).expr).toContain('{namespace="runtime"');
});

test('several runtime classes, a dot taken for a dot', () => {
  const { expr } = alert('SysboxRuntimeLost', { runtimeClassNames: ['sysbox-runc', 'sysbox.v2'] });
  expect(expr).toContain('runtimeclass_name=~"sysbox-runc|sysbox[.]v2"');
});

test('each time can be set', () => {
  const props = {
    nodeTimeout: Duration.hours(6),
    rolloutTimeout: Duration.hours(3),
    runtimeTimeout: Duration.minutes(45),
  };
  expect(alert('SysboxNodeNotReady', props).for).toBe('21600s');
  expect(alert('SysboxRolloutStalled', props)).toMatchObject({
    for: '10800s',
    expr: expect.stringContaining('[10800s]'),
  });
  expect(alert('SysboxRuntimeLost', props).for).toBe('2700s');
});

test('the runbook can be your own', () => {
  expect(alert('SysboxRuntimeLost', { runbookUrl: 'https://wiki.example/sysbox' }).annotations.runbook_url).toBe(
    'https://wiki.example/sysbox',
  );
});

test.each<[SysboxAlertsProps, string]>([
  [{ installerNamespace: 'a"b' }, "test/alerts: installerNamespace 'a\"b'"],
  [{ runtimeClassNames: [] }, 'test/alerts: runtimeClassNames is empty'],
  [{ runtimeClassNames: ['a|b'] }, "test/alerts: runtimeClassNames 'a|b'"],
  [{ labels: { release: 'not valid' } }, "test/alerts: labels: 'not valid'"],
])('refuses %j', (props, message) => {
  expect(() => rule(props)).toThrow(message);
});
