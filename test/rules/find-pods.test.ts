import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { SystemPodRules } from '../../src/rules';
import { podTemplatesOf } from '../../src/rules/find-pods';

// Custom resources of many projects in their own forms. In each, one container is privileged and the pod shares the host's user namespace; the comment on
// the first line of a document is the path of the privileged container.
const directory = join(__dirname, 'custom-resources');
const documents = readdirSync(directory).flatMap((file) =>
  readFileSync(join(directory, file), 'utf8')
    .split(/^---$/m)
    .map((text) => ({ file, json: parse(text), at: /^# privileged: (\S+)/m.exec(text)?.[1] })),
);

test.each(documents.map(({ json, file, at }) => [json.kind, json.apiVersion, file, json, at] as const))(
  'finds the pods of a %s of %s',
  (_kind, _version, _file, json, at) => {
    const findings = SystemPodRules.check([json]);

    expect(findings.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['host-users', 'privileged']));
    expect(findings.find(({ rule }) => rule === 'privileged')?.path).toBe(`${at}.securityContext.privileged`);
    expect(findings.map(({ rule }) => rule)).not.toContain('unrecognized-pod');
  },
);

test('knows custom resources of many projects', () => {
  expect(new Set(documents.map(({ json }) => `${json.apiVersion} ${json.kind}`)).size).toBeGreaterThanOrEqual(25);
});

test('a pod spec without containers is one where nothing but a pod spec has such fields', () => {
  const spec = (fields: object) => ({ apiVersion: 'a.example/v1', kind: 'A', spec: { pod: fields, other: fields } });

  expect(podTemplatesOf(spec({ runtimeClassName: 'x' })).map(({ at }) => at)).toEqual([['spec', 'pod']]);
  expect(podTemplatesOf(spec({ runtimeClassName: 'x', hostUsers: true })).map(({ at }) => at)).toEqual([
    ['spec', 'pod'],
    ['spec', 'other'],
  ]);
});

test.each([
  ['a schema', 'apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
  ['values of a chart', 'helm.toolkit.fluxcd.io/v2', 'HelmRelease'],
  ['values of a chart', 'argoproj.io/v1alpha1', 'Application'],
  ['a patch', 'kyverno.io/v1', 'ClusterPolicy'],
])('%s is not a pod', (_, apiVersion, kind) => {
  const template = { spec: { runtimeClassName: 'sysbox-runc', containers: [{ name: 'a', image: 'a:1' }] } };

  expect(podTemplatesOf({ apiVersion, kind, spec: { template } })).toEqual([]);
});

test('K3k decides on service links itself', () => {
  const cluster = {
    apiVersion: 'k3k.io/v1beta1',
    kind: 'Cluster',
    spec: { runtimeClassName: 'sysbox-runc', hostUsers: false },
  };

  expect(SystemPodRules.check([cluster])).toEqual([]);
});

test('a patch of Argo that cannot be parsed is reported', () => {
  const workflow = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Workflow',
    metadata: { name: 'it' },
    spec: {
      podSpecPatch: '{{patch}}: ["runtimeClassName": "sysbox-runc"',
      templates: [{ container: { image: 'a:1' } }],
    },
  };

  expect(SystemPodRules.check([workflow])).toMatchObject([{ rule: 'unrecognized-pod', path: 'spec.podSpecPatch' }]);
});
