import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { toBeValidSarifLog } from '@microsoft/jest-sarif';
import { Json } from '../../src/core/json';
import { run } from '../../src/cli/run';
import { SystemPodRules } from '../../src/rules';

expect.extend({ toBeValidSarifLog });

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'formats-'));
afterAll(() => fs.rmSync(root, { recursive: true }));

const file = path.join(root, 'a b,c.yaml');
fs.writeFileSync(
  file,
  `apiVersion: v1
kind: Pod
metadata:
  name: it
  annotations:
    cdk8s-sysbox.io/acknowledge.host-path: the "driver" <x> & 100%
spec:
  runtimeClassName: sysbox-runc
  hostUsers: false
  enableServiceLinks: true
  hostPID: true
  containers: [{name: main, image: "a:1"}]
  volumes: [{name: v, hostPath: {path: /x}}]
`,
);
const good = path.join(root, 'good.yaml');
fs.writeFileSync(good, 'kind: ConfigMap\nmetadata: {name: a}\n');
const missing = path.join(root, 'missing.yaml');
const output = (format: string, ...more: string[]) =>
  run(['check', '--format', format, ...more, file, good, missing]).out;

test('text has colors only where they are wanted', () => {
  const escape = '\u001b[';

  expect(run(['check', file], true).out).toContain(`${escape}31merror${escape}0m: Pod 'it': 'hostPID' is true`);
  expect(run(['check', file], true).out).toContain(`${escape}33mwarning${escape}0m`);
  expect(run(['check', '--no-color', file], true).out).not.toContain(escape);
  expect(run(['check', file], false).out).not.toContain(escape);
  expect(run(['check', '--color', file], false).out).toContain(escape);
});

test('JSON has all findings and counts', () => {
  expect(JSON.parse(output('json'))).toMatchObject({
    files: 2,
    errors: 1,
    warnings: 1,
    acknowledged: 1,
    systemPods: 1,
    checked: [file, good],
    unreadable: [{ file: missing, reason: 'no such file or directory' }],
    findings: [{ rule: 'service-links' }, { rule: 'host-namespaces' }, { rule: 'host-path' }],
  });
});

describe('SARIF', () => {
  const log: Json = JSON.parse(output('sarif'));
  const [{ tool, results, invocations }] = log.runs;

  test('is valid by its schema, and a wrong log is not', () => {
    expect(log).toBeValidSarifLog();
    expect({ ...log, runs: [{ ...log.runs[0], results: [{}] }] }).not.toBeValidSarifLog();
  });

  test('describes every rule with help, and results point to theirs', () => {
    expect(tool.driver.rules.map(({ id }: Json) => id)).toEqual(SystemPodRules.all().map(({ id }) => id));
    for (const { help, helpUri } of tool.driver.rules) {
      expect(help.text.length).toBeGreaterThan(40);
      expect(helpUri).toMatch(/docs\/reference\/rules\.md$/);
    }
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
  });

  test('has levels, places and suppressions', () => {
    expect(
      results.map(({ ruleId, level, suppressions }: Json) => [ruleId, level, suppressions?.[0].justification]),
    ).toEqual([
      ['service-links', 'warning', undefined],
      ['host-namespaces', 'error', undefined],
      ['host-path', 'error', 'the "driver" <x> & 100%'],
    ]);
    const { physicalLocation, logicalLocations } = results[1].locations[0];
    expect(physicalLocation.artifactLocation.uri).toMatch(/^file:\/\/\/.*a%20b,c\.yaml$/);
    expect(physicalLocation.region).toEqual({ startLine: 11, startColumn: 3 });
    expect(logicalLocations[0].fullyQualifiedName).toBe('spec.hostPID');
  });

  test('has the files that could not be read', () => {
    expect(invocations[0]).toMatchObject({
      executionSuccessful: false,
      toolExecutionNotifications: [{ level: 'error', message: { text: 'no such file or directory' } }],
    });
  });

  test('has relative paths as relative addresses', () => {
    const relative = path.relative('', file);
    const own: Json = JSON.parse(run(['check', '--format', 'sarif', relative]).out);

    expect(own.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toMatch(
      /^(\.\.\/)+.*a%20b%2Cc\.yaml$/,
    );
  });
});

test('GitHub annotations escape what its commands would split', () => {
  const lines = output('github').trimEnd().split('\n');

  expect(lines).toHaveLength(4);
  expect(lines[1]).toMatch(
    /^::error file=\S.*a b%2Cc\.yaml,line=11,col=3,title=cdk8s-sysbox host-namespaces::Pod 'it': 'hostPID'/,
  );
  expect(lines[0]).toMatch(/^::warning /);
  expect(lines[2]).toMatch(/^::notice /);
  expect(lines[3]).toMatch(/^::error file=.*missing\.yaml,title=cdk8s-sysbox::cannot be read: no such file/);
});

test('JUnit has a suite for each file, and escapes', () => {
  expect(output('junit').replaceAll(root, 'ROOT')).toMatchSnapshot();
});
