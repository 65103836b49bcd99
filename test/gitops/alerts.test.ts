import { Chart, App } from 'cdk8s';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SysboxAlerts } from '../../src';
import { output } from './manifests';
import { RECORDED, recorded, Series } from './series';
import { buildTimeout, promtool } from './tools';

// Prometheus' own promtool over series that were recorded from a real kube-state-metrics (kube-state-metrics.test.ts). What the tests
// leave out: the job, instance and container labels that a scrape adds; the rules aggregate them away.

let program = '';
let scratch = '';
let annotations: Record<string, string> = {};
beforeAll(async () => {
  program = await promtool();
  scratch = mkdtempSync(join(tmpdir(), 'alerts-'));
  const chart = new Chart(new App(), 'alerts');
  new SysboxAlerts(chart, 'alerts');
  const [{ spec }] = chart.toJson();
  annotations = spec.groups[0].rules[0].annotations;
  writeFileSync(join(scratch, 'rules.json'), JSON.stringify(spec));
}, buildTimeout);
afterAll(() => rmSync(scratch, { recursive: true }));

/** Recorded series under other names, and with other values where they are given. */
const renamed = (series: Series[], names: Record<string, string>, values?: (series: string) => string | undefined) =>
  series.map((one) => ({
    series: Object.entries(names).reduce((text, [from, to]) => text.replaceAll(from, to), one.series),
    values: values?.(one.series) ?? one.values,
  }));

const installer = (node: string, ready: string) =>
  renamed(
    [
      ...recorded('kube_pod_info', { pod: RECORDED.installer }),
      ...recorded('kube_pod_status_ready', { pod: RECORDED.installer }),
    ],
    { [RECORDED.node]: node },
    (series) => (series.includes('condition="true"') ? ready : undefined),
  );

const rollout = (desired: string, ready: string) => [
  ...renamed(recorded('kube_daemonset_status_desired_number_scheduled'), {}, () => desired),
  ...renamed(recorded('kube_daemonset_status_number_ready'), {}, () => ready),
];

const systemPod = (node: string, phase = 'Running', runtimeClass = 'sysbox-runc') =>
  renamed(
    ['kube_pod_info', 'kube_pod_runtimeclass_name_info', 'kube_pod_status_phase'].flatMap((metric) =>
      recorded(metric, { pod: RECORDED.pod }),
    ),
    { [RECORDED.node]: node, 'sysbox-runc': runtimeClass },
    (series) => {
      const [, own] = /phase="(\w+)"/.exec(series) ?? [];
      return own && (own === phase ? '1x600' : '0x600');
    },
  );

const taint = (node: string, values: string) =>
  renamed(recorded('kube_node_spec_taint'), { [RECORDED.node]: node }, () => values);

interface Alert {
  readonly severity: string;
  readonly node?: string;
  readonly namespace?: string;
  readonly daemonset?: string;
  readonly summary: string;
}

/** Fails unless exactly these alerts of that name fire at that minute. */
function expectAlerts(series: Series[], minute: number, alertname: string, expected: Alert[]): void {
  const { description, runbook_url } = annotations;
  const exp_alerts = expected.map(({ summary, ...exp_labels }) => ({
    exp_labels,
    exp_annotations: { summary, description, runbook_url },
  }));
  const alert_rule_test = [{ eval_time: `${minute}m`, alertname, exp_alerts }];
  const tests = [{ interval: '1m', input_series: series, alert_rule_test }];
  const file = join(scratch, 'test.json');
  writeFileSync(file, JSON.stringify({ rule_files: ['rules.json'], evaluation_interval: '1m', tests }));
  expect(output(program, ['test', 'rules', file])).toContain('SUCCESS');
}

test('promtool accepts the rules', () => {
  expect(output(program, ['check', 'rules', '--lint=all', '--lint-fatal', join(scratch, 'rules.json')])).toContain(
    'SUCCESS: 3 rules found',
  );
});

test('a test that expects another alert fails', () => {
  const series = installer('a', '0x600');
  expect(() => expectAlerts(series, 150, 'SysboxNodeNotReady', [])).toThrow(/SysboxNodeNotReady/);
});

describe('SysboxNodeNotReady', () => {
  const name = 'SysboxNodeNotReady';
  const about = (node: string) => ({
    severity: 'warning',
    node,
    summary: `The Sysbox runtime is not live on node ${node}`,
  });

  test('fires for each node whose installer is not Ready for two hours', () => {
    const series = [...installer('a', '0x600'), ...installer('b', '1x600'), ...installer('c', '1x100 0x500')];
    expectAlerts(series, 119, name, []);
    expectAlerts(series, 121, name, [about('a')]);
    expectAlerts(series, 230, name, [about('a'), about('c')]);
  });

  test('ends when the node is ready', () => {
    expectAlerts(installer('a', '0x150 1x450'), 140, name, [about('a')]);
    expectAlerts(installer('a', '0x150 1x450'), 160, name, []);
  });

  test('counts a node once, also with two kube-state-metrics', () => {
    const twice = installer('a', '0x600').flatMap(({ series, values }) =>
      ['x', 'y'].map((instance) => ({ series: series.replace('{', `{instance="${instance}",`), values })),
    );
    expectAlerts(twice, 150, name, [about('a')]);
  });

  test('is silent about pods of others in the namespace', () => {
    const others = installer('a', '0x600').map(({ series, values }) => ({
      series: series.replaceAll('sysbox-installer', 'other'),
      values,
    }));
    expectAlerts(others, 150, name, []);
  });
});

describe('SysboxRolloutStalled', () => {
  const name = 'SysboxRolloutStalled';
  const at = (ready: number) => ({
    severity: 'warning',
    namespace: 'sysbox-system',
    daemonset: 'sysbox-installer',
    summary: `The rollout of the Sysbox runtime stands still at ${ready} ready nodes`,
  });

  test('fires when no further node became ready for an hour', () => {
    expectAlerts(rollout('10x600', '3x600'), 59, name, []);
    expectAlerts(rollout('10x600', '3x600'), 61, name, [at(3)]);
  });

  test('is silent while nodes become ready, and when all are', () => {
    expectAlerts(rollout('10x600', '0x50 1x50 2x50 3x50 4x50 5x50'), 290, name, []);
    expectAlerts(rollout('10x600', '10x600'), 300, name, []);
  });
});

describe('SysboxRuntimeLost', () => {
  const name = 'SysboxRuntimeLost';
  const lost = {
    severity: 'critical',
    node: 'a',
    summary: '1 system pods run on node a, whose Sysbox runtime is not live',
  };

  test('fires when system pods run on a tainted node for half an hour', () => {
    const series = [...systemPod('a'), ...taint('a', '1x600')];
    expectAlerts(series, 29, name, []);
    expectAlerts(series, 31, name, [lost]);
  });

  test('is silent about a drain that ends', () => {
    const pods = systemPod('a').map(({ series }) => ({ series, values: '1x15 stale' }));
    expectAlerts([...pods, ...taint('a', '1x600')], 60, name, []);
  });

  test('is silent about a node without the taint, a pod that has ended, and a pod of another RuntimeClass', () => {
    expectAlerts([...systemPod('a'), ...taint('b', '1x600')], 60, name, []);
    expectAlerts([...systemPod('a', 'Succeeded'), ...taint('a', '1x600')], 60, name, []);
    expectAlerts([...systemPod('a', 'Running', 'runc'), ...taint('a', '1x600')], 60, name, []);
  });
});
