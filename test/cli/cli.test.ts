import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { transformSync } from '@swc/core';
import { Yaml } from 'cdk8s';
import { SystemPodRules } from '../../src/rules/index';
import { run } from '../../src/cli/run';
import { pod, table } from '../rules/table';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'check-'));
let files = 0;

function write(text: string, name = `${files++}.yaml`): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

const BROKEN = `
apiVersion: v1
kind: Service
metadata: { name: other }
---
# the second document
apiVersion: v1
kind: Pod
metadata:
  name: it
spec:
  runtimeClassName: sysbox-runc
  enableServiceLinks: off
  hostUsers: no
  containers:
    - name: main
      image: a:1
      securityContext:
        privileged: true
    - {name: open, image: b}
`;

test.each(table)('agrees with the library on $rule: $name', ({ manifests }) => {
  const file = path.join(folder, `${files++}.yaml`);
  Yaml.save(file, manifests);

  const { code, out } = run(['check', '--json', file]);

  const findings = SystemPodRules.check(manifests);
  const blocking = findings.some((f) => f.severity === 'error' && f.acknowledged === undefined);
  const ruleAndPath = (f: { rule: string; path: string }) => `${f.rule} ${f.path}`;
  expect(JSON.parse(out).findings.map(ruleAndPath).sort()).toEqual(findings.map(ruleAndPath).sort());
  expect(code).toBe(blocking ? 1 : 0);
});

test('says where it is, in the order of the file', () => {
  const file = write(BROKEN);

  const { code, out, err } = run(['check', file]);

  expect(code).toBe(1);
  expect(out.replaceAll(file, 'FILE')).toMatchSnapshot();
  expect(err).toBe('1 error, 1 warning, 0 acknowledged in 2 documents of 1 file\n');
});

test('prints JSON for other programs', () => {
  const file = write(BROKEN);

  const { out } = run(['check', '--json', file]);

  expect(JSON.parse(out)).toMatchObject({
    files: 1,
    documents: 2,
    errors: 1,
    warnings: 1,
    acknowledged: 0,
    unreadable: [],
    findings: [
      {
        file,
        line: 19,
        column: 9,
        rule: 'privileged',
        severity: 'error',
        kind: 'Pod',
        name: 'it',
        path: 'spec.containers[0].securityContext.privileged',
      },
      { line: 20, rule: 'image-tag', severity: 'warning' },
    ],
  });
});

test('a finding of something that is missing points at what should have it', () => {
  const file = write('kind: Pod\nspec:\n  runtimeClassName: sysbox-runc\n  containers: [{name: a, image: "a:1"}]\n');

  expect(JSON.parse(run(['check', '--json', file]).out).findings).toMatchObject([
    { rule: 'host-users', line: 2, column: 1 },
    { rule: 'service-links', line: 2, column: 1 },
  ]);
});

test('follows anchors, and merges keys as kubectl does', () => {
  const base = 'runtimeClassName: sysbox-runc\n  enableServiceLinks: false\n  hostUsers: false\n';
  const file = write(
    `x: &base\n  ${base}kind: Deployment\nspec:\n  template:\n    spec:\n      <<: *base\n      hostPID: true\n      containers: []\n`,
  );

  expect(JSON.parse(run(['check', '--json', file]).out).findings).toContainEqual(
    expect.objectContaining({ rule: 'host-namespaces', line: 10 }),
  );
});

test('reads JSON, and files together', () => {
  const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }];
  const mounting = { name: 'a', image: 'a:1', volumeMounts: [{ name: 'd', mountPath: '/var/lib/docker' }] };
  const one = write(JSON.stringify(pod({ containers: [mounting], volumes })), 'together/one.json');
  write(
    'kind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteMany]}',
    'together/b/two.yml',
  );
  write('not: [yaml', 'together/notes.txt');
  write('not: [yaml', 'together/node_modules/x.yaml');

  const { code, out } = run(['check', '--json', path.join(folder, 'together')]);

  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ files: 2, findings: [{ file: one, rule: 'special-directory-access-mode' }] });
});

test('a link that leads nowhere is named, and the files beside it are checked', () => {
  const file = write(BROKEN, 'linked/a.yaml');
  fs.symlinkSync('nowhere', path.join(folder, 'linked', 'b.yaml'));

  const { code, out, err } = run(['check', path.join(folder, 'linked')]);

  expect(code).toBe(2);
  expect(out).toContain(`${file}:`);
  expect(err).toContain('b.yaml: no YAML: ENOENT');
});

test('an acknowledged finding is shown with its reason and fails nothing', () => {
  const annotations = { 'cdk8s-sysbox.io/acknowledge.host-path': 'the GPU driver' };
  const file = write(JSON.stringify(pod({ volumes: [{ name: 'a', hostPath: { path: '/x' } }] }, { annotations })));

  const { code, out, err } = run(['check', file]);

  expect(code).toBe(0);
  expect(out).toMatch(/: acknowledged \(the GPU driver\): Pod 'it': volume 'a' is a hostPath: /);
  expect(err).toBe('0 errors, 0 warnings, 1 acknowledged in 1 document of 1 file\n');
});

test('warnings fail with --strict only', () => {
  const file = write(JSON.stringify(pod({ enableServiceLinks: true })));

  expect(run(['check', file]).code).toBe(0);
  expect(run(['check', '--strict', file]).code).toBe(1);
});

test('knows the runtime by the names it is told', () => {
  const file = write(JSON.stringify(pod({ runtimeClassName: 'vm', hostUsers: true })));

  expect(run(['check', file]).code).toBe(0);
  expect(run(['check', '--runtime-class', 'vm', file]).code).toBe(1);
});

test('a file that is no YAML is said, and the others are checked all the same', () => {
  const bad = write('spec: {{ .Values.spec }}\n---\n a: [');
  const good = write(BROKEN);

  const { code, out, err } = run(['check', bad, good]);

  expect(code).toBe(2);
  expect(err).toContain(`${bad}: no YAML: `);
  expect(out).toContain('privileged');
});

test.each([[[]], [['check']], [['chek', 'x']], [['check', '--jsn', 'x']], [['check', '/does/not/exist']]])(
  'refuses %j with exit code 2',
  (argv) => {
    const { code, out, err } = run(argv);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toBe('');
  },
);

test('explains itself', () => {
  expect(run(['--help']).out).toMatchSnapshot();
});

test('lists the rules', () => {
  const ids = SystemPodRules.all().map((rule) => rule.id);

  expect(JSON.parse(run(['rules', '--json']).out).map((rule: { id: string }) => rule.id)).toEqual(ids);
  expect(run(['rules']).out.split('\n')).toHaveLength(ids.length + 1);
});

test('a folder without a manifest is an error, not a clean result', () => {
  const empty = path.join(folder, 'no-manifests');
  fs.mkdirSync(empty);
  fs.writeFileSync(path.join(empty, 'README.md'), '');
  expect(run(['check', empty])).toEqual({
    code: 2,
    out: '',
    err: `${empty} holds no .yaml, .yml, .json file. Name the folder that your manifests are in\n`,
  });
});

describe('as a program', () => {
  // compiled as a whole, so that the shebang, standard input and the exit code are seen
  const compiled = path.join(folder, 'lib/src');
  const program = path.join(compiled, 'cli/main.js');

  beforeAll(() => {
    const source = path.join(__dirname, '../../src');
    for (const name of fs.readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith('.ts'))) {
      const { code } = transformSync(fs.readFileSync(path.join(source, name), 'utf8'), {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
      });
      fs.mkdirSync(path.dirname(path.join(compiled, name)), { recursive: true });
      fs.writeFileSync(path.join(compiled, name.replace(/ts$/, 'js')), code);
    }
    fs.copyFileSync(path.join(__dirname, '../../package.json'), path.join(folder, 'package.json'));
    fs.symlinkSync(path.join(__dirname, '../../node_modules'), path.join(folder, 'node_modules'));
  });

  test('reads standard input and sets the exit code', () => {
    const { status, stdout, stderr } = spawnSync('node', [program, 'check', '-'], { input: BROKEN, encoding: 'utf8' });

    expect(status).toBe(1);
    expect(stdout).toMatch(/^-:19:9: error: Pod 'it': container 'main' is privileged/);
    expect(stderr).toContain('1 error, 1 warning');
  });

  test('says nothing of good manifests but how many there were', () => {
    const input = JSON.stringify(pod());
    const { status, stdout, stderr } = spawnSync('node', [program, 'check', '-'], { input, encoding: 'utf8' });

    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: '',
      stderr: '0 errors, 0 warnings, 0 acknowledged in 1 document of 1 file\n',
    });
  });
});
