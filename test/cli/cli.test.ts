import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { transformSync } from '@swc/core';
import { Yaml } from 'cdk8s';
import { parse } from 'yaml';
import { SystemPodRules } from '../../src/rules/index';
import { adoptFiles } from '../../src/cli/adopt';
import { run } from '../../src/cli/run';
import { pod, table } from '../rules/table';

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'check-'));
let files = 0;

function write(text: string, name = `${files++}.yaml`): string {
  const file = path.join(directory, name);
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
  const file = path.join(directory, `${files++}.yaml`);
  Yaml.save(file, manifests);

  const { code, out } = run(['check', '--format', 'json', file]);

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
  expect(err).toBe('1 error, 1 warning, 0 acknowledged in 1 file, 2 objects, 1 pod, 1 system pod\n');
});

test('prints JSON for other programs', () => {
  const file = write(BROKEN);

  const { out } = run(['check', '--format', 'json', file]);

  expect(JSON.parse(out)).toMatchObject({
    files: 1,
    objects: 2,
    pods: 1,
    systemPods: 1,
    skipped: [],
    checked: [file],
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

  expect(JSON.parse(run(['check', '--format', 'json', file]).out).findings).toMatchObject([
    { rule: 'host-users', line: 2, column: 1 },
    { rule: 'service-links', line: 2, column: 1 },
  ]);
});

test('follows anchors, and merges keys as kubectl does', () => {
  const base = 'runtimeClassName: sysbox-runc\n  enableServiceLinks: false\n  hostUsers: false\n';
  const file = write(
    `x: &base\n  ${base}kind: Deployment\nspec:\n  template:\n    spec:\n      <<: *base\n      hostPID: true\n      containers: []\n`,
  );

  expect(JSON.parse(run(['check', '--format', 'json', file]).out).findings).toContainEqual(
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

  const { code, out } = run(['check', '--format', 'json', path.join(directory, 'together')]);

  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ files: 2, findings: [{ file: one, rule: 'special-directory-access-mode' }] });
});

test('a dangling link is reported, and the other files are checked', () => {
  const file = write(BROKEN, 'linked/a.yaml');
  fs.symlinkSync('nowhere', path.join(directory, 'linked', 'b.yaml'));

  const { code, out, err } = run(['check', path.join(directory, 'linked')]);

  expect(code).toBe(2);
  expect(out).toContain(`${file}:`);
  expect(err).toContain('b.yaml: cannot be read: ENOENT');
});

test('an acknowledged finding is shown with its reason and fails nothing', () => {
  const annotations = { 'cdk8s-sysbox.io/acknowledge.host-path': 'the GPU driver' };
  const file = write(JSON.stringify(pod({ volumes: [{ name: 'a', hostPath: { path: '/x' } }] }, { annotations })));

  const { code, out, err } = run(['check', file]);

  expect(code).toBe(0);
  expect(out).toMatch(/: acknowledged \(the GPU driver\): Pod 'it': volume 'a' is a hostPath: /);
  expect(err).toBe('0 errors, 0 warnings, 1 acknowledged in 1 file, 1 object, 1 pod, 1 system pod\n');
});

test('warnings fail with --strict only', () => {
  const file = write(JSON.stringify(pod({ enableServiceLinks: true })));

  expect(run(['check', file]).code).toBe(0);
  expect(run(['check', '--strict', file]).code).toBe(1);
});

test('checks the RuntimeClasses of its options', () => {
  const file = write(JSON.stringify(pod({ runtimeClassName: 'vm', hostUsers: true })));

  expect(run(['check', file]).code).toBe(0);
  expect(run(['check', '--runtime-class', 'vm', file]).code).toBe(1);
});

test('invalid YAML is reported, and the other files are checked', () => {
  const bad = write('a: [');
  const good = write(BROKEN);

  const { code, out, err } = run(['check', bad, '/does/not/exist.yaml', good]);

  expect(code).toBe(2);
  expect(err).toContain(`${bad}: cannot be read: invalid YAML: `);
  expect(err).toContain('/does/not/exist.yaml: cannot be read: no such file or directory\n');
  expect(out).toContain('privileged');
});

test.each<[string, string[], string]>([
  ['no command', [], 'Usage: '],
  ['no path', ['check'], 'Usage: '],
  ['an unknown command', ['chek', 'x'], "'chek' is not a command. Did you mean 'check'?\n"],
  ['a command like no other', ['zzzzzz', 'x'], "'zzzzzz' is not a command. Known are: adopt, check, rules, status\n"],
  ['an unknown option', ['check', '--formt', 'x'], "'--formt' is not an option. Did you mean '--format'?\n"],
  ['an unknown format', ['check', '--format', 'jsn', 'x'], "--format 'jsn' is not known. Did you mean 'json'?\n"],
  ['ids that no kubelet gives', ['check', '--ids-per-pod', '7', 'x'], '--ids-per-pod is 7. Give the kubelet'],
  [
    'several classes to adopt',
    ['adopt', '--runtime-class', 'a', '--runtime-class', 'b', 'x'],
    'adopt takes one --runtime-class',
  ],
])('refuses %s with exit code 2', (_, argv, message) => {
  const { code, out, err } = run(argv, false, adoptFiles);

  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(message);
});

test('a pod with more ids is checked against the kubelet of --ids-per-pod', () => {
  const file = write(JSON.stringify(pod({ securityContext: { runAsUser: 100000 } })));

  expect(run(['check', file]).code).toBe(1);
  expect(run(['check', '--ids-per-pod', '131072', file]).code).toBe(0);
});

test('input without system pods is a warning, which --strict makes an error', () => {
  const file = write(JSON.stringify(pod({ runtimeClassName: undefined })));
  const warning = 'warning: no pod with the RuntimeClass sysbox-runc was found, so no rule was applied\n';

  expect(run(['check', file])).toEqual({
    code: 0,
    out: '',
    err: `${warning}0 errors, 0 warnings, 0 acknowledged in 1 file, 1 object, 1 pod, 0 system pods\n`,
  });
  expect(run(['check', '--strict', file]).code).toBe(1);
  expect(run(['check', '--runtime-class', 'a', '--runtime-class', 'b', file]).err).toContain('RuntimeClass a or b');
});

test.each(['--help', '-h'])('prints its usage: %s', (option) => {
  expect(run([option])).toEqual({ code: 0, out: expect.stringContaining('Usage: cdk8s-sysbox check'), err: '' });
});

test('prints its version', () => {
  const { version } = JSON.parse(fs.readFileSync(path.join(__dirname, '../../package.json'), 'utf8'));

  expect(run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

test('the hook of pre-commit runs the check', () => {
  const [hook] = parse(fs.readFileSync(path.join(__dirname, '../../.pre-commit-hooks.yaml'), 'utf8'));
  const [npx, yes, program, ...argv] = hook.entry.split(' ');

  expect([npx, yes, program, hook.language]).toEqual(['npx', '--yes', 'cdk8s-sysbox', 'system']);
  expect(run([...argv, write(BROKEN)]).code).toBe(1);
});

test('lists the rules', () => {
  const ids = SystemPodRules.all().map((rule) => rule.id);

  expect(JSON.parse(run(['rules', '--format', 'json']).out).map((rule: { id: string }) => rule.id)).toEqual(ids);
  expect(run(['rules']).out.split('\n')).toHaveLength(ids.length + 1);
});

describe('as a program', () => {
  // compiled as a whole, so that the shebang, standard input and the exit code are seen
  const compiled = path.join(directory, 'lib/src');
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
    fs.copyFileSync(path.join(__dirname, '../../package.json'), path.join(directory, 'package.json'));
    fs.symlinkSync(path.join(__dirname, '../../node_modules'), path.join(directory, 'node_modules'));
  });

  test('reads standard input and sets the exit code', () => {
    const { status, stdout, stderr } = spawnSync('node', [program, 'check', '-'], { input: BROKEN, encoding: 'utf8' });

    expect(status).toBe(1);
    expect(stdout).toMatch(/^-:19:9: error: Pod 'it': container 'main' is privileged/);
    expect(stderr).toContain('1 error, 1 warning');
  });

  test('a closed pipe is not an error', () => {
    const input = Array.from({ length: 3000 }, () => BROKEN.replace('metadata:', 'metadata: # many')).join('---\n');
    const shell = `"${process.execPath}" "${program}" check - | head -n 1; exit "\${PIPESTATUS[0]}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', shell], { input, encoding: 'utf8' });

    expect(stdout.split('\n')).toHaveLength(2);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^3000 errors/);
  });

  test('adopts standard input', () => {
    const input = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: "a:1"}]}\n';
    const { status, stdout, stderr } = spawnSync('node', [program, 'adopt', '-'], { input, encoding: 'utf8' });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('runtimeClassName: sysbox-runc');
  });

  test('says nothing of good manifests but how many there were', () => {
    const input = JSON.stringify(pod());
    const { status, stdout, stderr } = spawnSync('node', [program, 'check', '-'], { input, encoding: 'utf8' });

    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: '',
      stderr: '0 errors, 0 warnings, 0 acknowledged in 1 file, 1 object, 1 pod, 1 system pod\n',
    });
  });
});
