import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { adoptFiles, adoptText } from '../../src/cli/adopt';
import { run } from '../../src/cli/run';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'adopt-'));
afterAll(() => fs.rmSync(root, { recursive: true }));

const STREAM = `# Source: chart/templates/config.yaml
apiVersion: v1
kind: ConfigMap
metadata:   {name: 'a'}
data:
    odd:   "indentation" # stays
---
# Source: chart/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: "ci" # the name
spec:
  # two of them
  replicas: 2
  selector: {matchLabels: {app: ci}}
  template:
    metadata:
      labels: {app: ci}
    spec:
      containers:
      - name: main # first
        image: 'docker:29-dind'
        args: ["--mtu=1400"]
`;

function adopt(...argv: string[]) {
  return run(['adopt', ...argv], false, adoptFiles);
}

function write(name: string, text = STREAM): string {
  const file = path.join(root, name);
  fs.writeFileSync(file, text);
  return file;
}

test('changes only the fields of system pods, and keeps comments and the other documents', () => {
  const { code, out } = adopt(write('stream.yaml'));

  expect(code).toBe(0);
  expect(out.split('---')[0]).toBe(STREAM.split('---')[0]);
  expect(out.split('---')[1]).toMatchSnapshot();
});

test('Windows line ends stay', () => {
  const text = STREAM.replaceAll('\n', '\r\n');

  expect(adoptText(text, {})).toBe(adoptText(STREAM, {}).replaceAll('\n', '\r\n'));
});

test('the pods of a List are adopted in place', () => {
  const pod =
    'apiVersion: v1\n    kind: Pod\n    metadata: {name: a}\n    spec: {containers: [{name: a, image: "a:1"}]}';
  const { code, out } = adopt(write('list.yaml', `apiVersion: v1\nkind: List\nitems:\n  - ${pod}\n  - ${pod}\n`));

  expect(code).toBe(0);
  expect(out.match(/runtimeClassName: sysbox-runc/g)).toHaveLength(2);
  expect(run(['check', write('list-adopted.yaml', out)]).code).toBe(0);
});

test('what it prints passes the check, and is not changed a second time', () => {
  const once = adopt(write('once.yaml')).out;
  const file = write('again.yaml', once);

  expect(run(['check', file]).code).toBe(0);
  expect(adopt(file).out).toBe(once);
});

test('joins files to one stream, and --write changes them in place', () => {
  const [one, two] = [write('one.yaml'), write('two.yaml', 'kind: ConfigMap\n')];

  expect(adopt(one, two).out).toMatch(/--mtu=1400[^]*\n---\nkind: ConfigMap\n$/);
  expect(adopt('--write', one, two)).toEqual({ code: 0, out: '', err: '' });
  expect(fs.readFileSync(one, 'utf8')).toContain('hostUsers: false');
  expect(fs.readFileSync(two, 'utf8')).toBe('kind: ConfigMap\n');
});

test('--runtime-class and --pod-security say what the pods get', () => {
  const { out } = adopt('--runtime-class', 'vm', '--pod-security', 'restricted', write('options.yaml'));

  expect(out).toContain('runtimeClassName: vm');
  expect(out).toContain('allowPrivilegeEscalation: false');
});

test('a pod that breaks a rule is named, and nothing is printed or written', () => {
  const good = write('good.yaml');
  const bad = write(
    'bad.yaml',
    'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {hostPID: true, containers: [{name: a, image: a}]}\n',
  );

  const { code, out, err } = adopt('--write', good, bad);

  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(`${bad}: Pod/x: 'hostPID' is true`);
  expect(fs.readFileSync(good, 'utf8')).toBe(STREAM);
});

test('unreadable files fail with exit code 2', () => {
  const { code, err } = adopt(path.join(root, 'nowhere.yaml'), write('invalid.yaml', 'a: ['));

  expect(code).toBe(2);
  expect(err).toMatch(/nowhere\.yaml: cannot be read: no such file[^]*invalid\.yaml: /);
});

test('pods in a List and in custom resources are adopted, and anchors are kept apart', () => {
  const text = `kind: List
apiVersion: v1
items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: a}
    spec: &spec
      containers: [{name: a, image: "a:1"}]
  - apiVersion: keda.sh/v1alpha1
    kind: ScaledJob
    metadata: {name: b}
    spec: {jobTargetRef: {template: {spec: {containers: [{name: b, image: "b:1"}]}}}}
`;

  expect(adoptText(text, {}).match(/hostUsers: false/g)).toHaveLength(2);
});
