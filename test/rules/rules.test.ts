import * as fs from 'node:fs';
import * as path from 'node:path';
import * as fc from 'fast-check';
import { SystemPodRules } from '../../src/rules';
import { container, pod, podSpec, table, workload } from './table';

const KINDS = [
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
];

describe.each(SystemPodRules.all())('$id', (rule) => {
  const rows = table.filter((row) => row.rule === rule.id);

  test('has manifests that pass and manifests that fail', () => {
    expect(rows.some((row) => row.at === undefined)).toBe(true);
    expect(rows.some((row) => row.at !== undefined)).toBe(true);
  });

  test.each(rows.filter((row) => row.at === undefined))('passes: $name', ({ manifests }) => {
    const findings = SystemPodRules.check(manifests).filter((finding) => finding.rule === rule.id);

    expect(findings).toEqual([]);
  });

  test.each(rows.filter((row) => row.at !== undefined))('fails: $name', ({ manifests, at }) => {
    const findings = SystemPodRules.check(manifests).filter((finding) => finding.rule === rule.id);

    expect(findings).toMatchObject([{ path: at, severity: rule.severity, manifest: 0, objectName: 'it' }]);
    expect(findings[0]?.message).toContain(`: ${rule.reason}. ${rule.remedy} (rule ${rule.id})`);
  });

  test('says why, what to write instead, and where that is from', () => {
    for (const text of [rule.reason, rule.remedy, rule.source]) expect(text).toMatch(/^\S.{8,}[^.\s]$/s);
  });
});

test('a rule a file, and no file without its rule', () => {
  const files = fs.readdirSync(path.join(__dirname, '../../src/rules/catalog')).map((file) => path.parse(file).name);

  expect(
    SystemPodRules.all()
      .map((rule) => rule.id)
      .sort(),
  ).toEqual(files.sort());
});

test('a manifest that follows every rule has no finding', () => {
  expect(KINDS.flatMap((kind) => SystemPodRules.check([workload(kind, podSpec())]))).toEqual([]);
});

test.each(KINDS)('finds the pods of a %s', (kind) => {
  const findings = SystemPodRules.check([workload(kind, podSpec({ hostUsers: true }))]);

  expect(findings).toMatchObject([{ rule: 'host-users', objectKind: kind, objectName: 'it' }]);
  expect(findings[0]?.path).toMatch(/spec\.hostUsers$/);
});

test.each<[string, object]>([
  ['a List', { apiVersion: 'v1', kind: 'List', items: [pod(), pod({ hostUsers: true })] }],
  [
    'a custom resource with a pod template',
    {
      apiVersion: 'actions.github.com/v1alpha1',
      kind: 'AutoscalingRunnerSet',
      spec: { template: { spec: podSpec({ hostUsers: true }) } },
    },
  ],
  ['a PodTemplate', { apiVersion: 'v1', kind: 'PodTemplate', template: { spec: podSpec({ hostUsers: true }) } }],
])('looks into %s', (_, manifest) => {
  expect(SystemPodRules.check([manifest])).toMatchObject([{ rule: 'host-users' }]);
});

test('leaves pods of other runtimes alone', () => {
  const other = pod({ runtimeClassName: 'kata', hostUsers: undefined });
  const none = pod({ runtimeClassName: undefined, hostNetwork: true });

  expect(SystemPodRules.check([other, none])).toEqual([]);
});

test('knows the runtime by another name when its class is among the manifests, or is given', () => {
  const broken = pod({ runtimeClassName: 'vm', hostUsers: undefined });
  const runtimeClass = {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'vm' },
    handler: 'sysbox-runc',
  };

  expect(SystemPodRules.check([broken, runtimeClass])).toMatchObject([{ rule: 'host-users' }]);
  expect(SystemPodRules.check([broken], { runtimeClassNames: ['vm'] })).toMatchObject([{ rule: 'host-users' }]);
});

test('two workloads that keep their data in one claim are found', () => {
  const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }];
  const one = container({ volumeMounts: [{ name: 'd', mountPath: '/var/lib/docker' }] }, { volumes });
  const two = {
    ...container({ volumeMounts: [{ name: 'd', mountPath: '/var/lib/kubelet' }] }, { volumes }),
    metadata: { name: 'two' },
  };
  const elsewhere = { ...two, metadata: { name: 'two', namespace: 'other' } };

  expect(SystemPodRules.check([one, elsewhere])).toEqual([]);
  const [finding] = SystemPodRules.check([one, two]);
  expect(finding).toMatchObject({
    rule: 'special-directory-shared',
    manifest: 1,
    path: 'spec.containers[0].volumeMounts[0]',
  });
  expect(finding?.message).toContain(
    "claim 'data' is both /var/lib/docker of Pod 'it' and /var/lib/kubelet of Pod 'two'",
  );
});

test('one workload that is there twice, as in the directorys of two clusters, shares nothing with itself', () => {
  const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }];
  const it = container({ volumeMounts: [{ name: 'd', mountPath: '/var/lib/docker' }] }, { volumes });
  const nameless = { ...it, metadata: { generateName: 'it-' } };

  expect(SystemPodRules.check([it, it])).toEqual([]);
  expect(SystemPodRules.check([nameless, nameless])).toMatchObject([{ rule: 'special-directory-shared' }]);
});

describe('an acknowledgement', () => {
  const annotations = { 'cdk8s-sysbox.io/acknowledge.host-path': 'the GPU driver' };
  const broken = podSpec({ volumes: [{ name: 'a', hostPath: { path: '/x' } }] });

  test('on the pod or on what it is of keeps the finding with its reason', () => {
    const onPod = workload('Deployment', broken, {}, { annotations });
    const onObject = workload('Deployment', broken);
    onObject.metadata.annotations = annotations;

    for (const manifest of [onPod, onObject]) {
      expect(SystemPodRules.check([manifest])).toMatchObject([{ rule: 'host-path', acknowledged: 'the GPU driver' }]);
    }
  });

  test('without a reason is none', () => {
    const manifest = workload('Pod', broken, {}, { annotations: { 'cdk8s-sysbox.io/acknowledge.host-path': ' ' } });

    expect(SystemPodRules.check([manifest])[0]?.acknowledged).toBeUndefined();
  });

  test('of a rule without which no pod starts is none', () => {
    const manifest = pod({ hostUsers: true }, { annotations: { 'cdk8s-sysbox.io/acknowledge.host-users': 'please' } });

    expect(SystemPodRules.check([manifest])[0]?.acknowledged).toBeUndefined();
  });

  test('holds for its own rule only', () => {
    const manifest = workload('Pod', { ...broken, shareProcessNamespace: true }, {}, { annotations });

    expect(SystemPodRules.check([manifest]).map((f) => [f.rule, f.acknowledged])).toEqual([
      ['share-process-namespace', undefined],
      ['host-path', 'the GPU driver'],
    ]);
  });
});

test('whatever YAML can hold is checked without an exception', () => {
  const anyObject = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 0, 'x', '/var/lib/docker'),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('node'), { maxLength: 3 }),
    map: fc.dictionary(
      fc.constantFrom(
        ...[
          'kind',
          'items',
          'metadata',
          'spec',
          'template',
          'jobTemplate',
          'containers',
          'volumes',
          'volumeMounts',
          'mountPath',
        ],
        ...[
          'securityContext',
          'command',
          'env',
          'name',
          'annotations',
          'persistentVolumeClaim',
          'claimName',
          'ports',
          'image',
        ],
      ),
      tie('node'),
      { maxKeys: 5 },
    ),
  })).node;
  let runs = 0;

  fc.assert(
    fc.property(anyObject, anyObject, anyObject, (spec, part, other) => {
      runs += 1;
      const template = {
        metadata: other,
        spec: { ...Object(spec), runtimeClassName: 'sysbox-runc', containers: [part, other] },
      };
      SystemPodRules.check([spec, { kind: 'Deployment', spec: { template } }, { kind: 'List', items: [part] }]);
    }),
    { numRuns: 2000, seed: 1 },
  );
  console.log(`${runs} random objects checked`);
});
