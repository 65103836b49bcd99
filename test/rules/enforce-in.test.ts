import { ApiObject, Chart, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { WarningMode } from '../../src/core/warnings';
import { RuleEnforcementOptions, RuleSeverity, SystemPodRules } from '../../src/rules';
import { adopt, SystemPod } from '../../src/workloads';
import { container, pod, Row, table } from './table';

const severities = new Map(SystemPodRules.all().map((rule) => [rule.id, rule.severity]));

function chartOf(row: Row): Chart {
  const chart = Testing.chart();
  row.manifests.forEach((manifest, i) => new ApiObject(chart, `object-${i}`, manifest));
  SystemPodRules.enforceIn(chart);
  return chart;
}

const errorRows = table.filter((row) => severities.get(row.rule) === RuleSeverity.ERROR);

test.each(errorRows.filter((row) => row.at === undefined))('$rule passes: $name', (row) => {
  expect(() => Testing.synth(chartOf(row))).not.toThrow(`(rule ${row.rule})`);
});

test.each(errorRows.filter((row) => row.at !== undefined))('$rule fails the synth: $name', (row) => {
  expect(() => Testing.synth(chartOf(row))).toThrow(
    new RegExp(`^Validation failed[^]*\\[test\\] test/object-0: .*\\(rule ${row.rule}\\)`),
  );
});

describe('warnings', () => {
  const rows = table.filter((row) => severities.get(row.rule) === RuleSeverity.WARNING && row.at !== undefined);
  let printed: string[];
  beforeEach(() => {
    printed = [];
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    delete process.env.CDK8S_SYSBOX_WARNINGS;
  });
  let charts = 0;
  const imageTag = (
    options?: RuleEnforcementOptions,
    add = (chart: Chart) => void new ApiObject(chart, 'a', latest),
  ) => {
    const chart = new Chart(Testing.app(), `enforced-${++charts}`);
    add(chart);
    SystemPodRules.enforceIn(chart, options);
    return chart;
  };
  const latest = container({ image: 'ubuntu:latest' });

  test.each(rows)('$rule is printed, and does not fail the synth: $name', (row) => {
    expect(() => Testing.synth(chartOf(row))).not.toThrow();
    expect(printed.every((text) => text.startsWith('cdk8s-sysbox: warning: test/object-'))).toBe(true);
  });

  test('are printed once, with the path', () => {
    const chart = imageTag();
    Testing.synth(chart);
    Testing.synth(chart);

    expect(printed).toEqual([
      expect.stringMatching(new RegExp(`^cdk8s-sysbox: warning: ${chart.node.id}/a: .*image-tag`)),
    ]);
  });

  test('are silenced or promoted by the option, and by the environment', () => {
    Testing.synth(imageTag({ warnings: WarningMode.OFF }));
    expect(() => Testing.synth(imageTag({ warnings: WarningMode.ERROR }))).toThrow(/\/a: .*image-tag/);
    process.env.CDK8S_SYSBOX_WARNINGS = 'error';
    expect(() => Testing.synth(imageTag())).toThrow(/\/a: .*image-tag/);
    process.env.CDK8S_SYSBOX_WARNINGS = 'off';
    Testing.synth(imageTag());

    expect(printed).toEqual([]);
  });

  test('of workloads of this library follow their own mode', () => {
    const system = { warnings: WarningMode.OFF };
    const containers = [{ image: 'ubuntu:latest' }];
    Testing.synth(imageTag({}, (chart) => void new SystemPod(chart, 'a', { system, containers })));
    Testing.synth(imageTag({}, (chart) => void adopt(new ApiObject(chart, 'a', latest), system)));

    expect(printed).toEqual([]);
  });
});

test('reports all errors of all objects together', () => {
  const chart = Testing.chart();
  new ApiObject(chart, 'a', pod({ hostPID: true, hostIPC: true }));
  new ApiObject(chart, 'b', pod({ hostUsers: true }));
  SystemPodRules.enforceIn(chart);

  expect(() => Testing.synth(chart)).toThrow(/test\/a: 'hostPID'[^]*test\/a: 'hostIPC'[^]*test\/b: 'hostUsers'/);
});

test('applies to the RuntimeClasses of its options', () => {
  const chart = Testing.chart();
  new ApiObject(chart, 'a', pod({ runtimeClassName: 'vm', hostUsers: true }));
  SystemPodRules.enforceIn(chart, { runtimeClassNames: ['vm'] });

  expect(() => Testing.synth(chart)).toThrow("test/a: 'hostUsers' is true");
});

test('renders validated objects only once', () => {
  const chart = Testing.chart();
  let renderings = 0;
  const deployment = new kplus.Deployment(chart, 'it', { containers: [{ image: 'a:1' }] });
  const object = ApiObject.of(deployment);
  const toJson = object.toJson.bind(object);
  object.toJson = () => {
    renderings += 1;
    return toJson();
  };
  SystemPodRules.enforceIn(chart);

  for (let i = 0; i < 5; i++) Testing.synth(chart);

  expect(renderings).toBe(6);
});
