import { ApiObject, Chart, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { RuleSeverity, SystemPodRules } from '../../src/rules';
import { pod, Row, table } from './table';

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

test('warnings do not fail the synth', () => {
  const warnings = table.filter((row) => severities.get(row.rule) === RuleSeverity.WARNING && row.at !== undefined);

  expect(warnings.length).toBeGreaterThan(0);
  for (const row of warnings) expect(() => Testing.synth(chartOf(row))).not.toThrow();
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
