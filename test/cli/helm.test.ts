import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { run } from '../../src/cli/run';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'helm-'));
afterAll(() => fs.rmSync(root, { recursive: true }));

const POD =
  'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {runtimeClassName: sysbox-runc, hostPID: true, containers: []}\n';

function write(name: string, text: string): string {
  const file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

write('chart/Chart.yaml', 'apiVersion: v2\nname: chart\nversion: 1.0.0\n');
const unparsable = write(
  'chart/templates/pod.yaml',
  '{{- if .Values.pod }}\nspec: {{ toYaml .Values.spec }}\n{{- end }}\n',
);
const parsable = write('chart/templates/other.yaml', `# {{ .Release.Name }}\n${POD}`);
const plain = write('chart/templates/plain.yaml', POD);

test('templates of a chart are skipped with a hint, and the plain files of the chart are checked', () => {
  const { code, out, err } = run(['check', path.join(root, 'chart')]);

  expect(code).toBe(1);
  for (const file of [unparsable, parsable]) {
    expect(err).toContain(
      `${file}: skipped: a Helm template. Check what it renders: helm template ${path.join(root, 'chart')} | cdk8s-sysbox check -\n`,
    );
    expect(out).not.toContain(file);
  }
  expect(out).toContain(`${plain}:4:`);
});

test('a template outside of a chart is skipped', () => {
  const file = write('loose.yaml', 'spec: {{ .Values.spec }}\n---\n a: [');

  expect(run(['check', file]).err).toContain(`${file}: skipped: a Helm template.`);
});

test('YAML with the braces of Argo is checked', () => {
  const file = write('argo.yaml', `${POD}# {{ .Values }} of no chart, and {{workflow.parameters.a}}\n`);

  expect(run(['check', file]).out).toContain("'hostPID' is true");
});

test('values of a chart that name the RuntimeClass are reported', () => {
  const file = write('chart/values.yaml', 'runner:\n  runtimeClassName: sysbox-runc\n');

  expect(run(['check', file]).out).toContain('values.yaml:2:3: warning:');
});
