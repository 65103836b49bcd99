import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, Size, Testing } from 'cdk8s';
import { Cpu, ImagePullPolicy, NodeTaintQuery, PercentOrAbsolute, Secret, TaintEffect } from 'cdk8s-plus-30';
import { RuntimeScheduling, SysboxRuntimeProps, SysboxSource } from '../../src';
import { brokenReferences, constructs, nameOf, objectsOf, output, root } from './manifests';
import { buildTimeout, helm } from './tools';

const chart = join(root, 'deploy', 'chart');
let program = '';
let scratch = '';
beforeAll(async () => {
  program = await helm();
  scratch = mkdtempSync(join(tmpdir(), 'helm-'));
}, buildTimeout);
afterAll(() => rmSync(scratch, { recursive: true }));

function templated(values: object) {
  const file = join(scratch, 'values.json');
  writeFileSync(file, JSON.stringify(values));
  return objectsOf(output(program, ['template', 'sysbox', chart, '--values', file]));
}

const byName = (objects: ReturnType<typeof templated>) => Object.fromEntries(objects.map((one) => [nameOf(one), one]));

const sha256 = '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';
const toleration = { key: 'dedicated', operator: 'Equal', value: 'sysbox', effect: 'NoSchedule' };
const dedicated = NodeTaintQuery.is('dedicated', 'sysbox', { effect: TaintEffect.NO_SCHEDULE });

/** Values, and the props that say the same. */
const sets: [string, object, SysboxRuntimeProps][] = [
  ['the defaults', {}, {}],
  ['another namespace', { namespace: 'runtime' }, { installation: { namespace: 'runtime' } }],
  [
    'a namespace that exists',
    { namespace: 'runtime', createNamespace: false },
    { installation: { namespace: 'runtime', createNamespace: false } },
  ],
  [
    'a mirror with pull secrets',
    { image: { registry: 'registry.example', pullSecrets: ['one', 'two'], pullPolicy: 'Always' } },
    {
      installation: {
        source: SysboxSource.image('registry.example/nestybox/sysbox-deploy-k8s:v0.7.1-0', {
          imagePullSecrets: ['one', 'two'].map((name) => Secret.fromSecretName(Testing.chart(), name, name)),
          imagePullPolicy: ImagePullPolicy.ALWAYS,
        }),
      },
    },
  ],
  [
    'an image by digest',
    { image: { digest: `sha256:${sha256}` } },
    {
      installation: {
        source: SysboxSource.image(`${SysboxSource.DEFAULT_IMAGE}@sha256:${sha256}`),
      },
    },
  ],
  [
    'fewer nodes, and their taints',
    { nodeSelector: { pool: 'builds', zone: 'a' }, tolerations: [toleration], priorityClassName: 'builds' },
    {
      installation: {
        nodeSelector: { pool: 'builds', zone: 'a' },
        tolerations: [dedicated],
        priorityClassName: 'builds',
      },
    },
  ],
  [
    'resources',
    // null: Helm merges maps, and the default requests memory too.
    { resources: { limits: { memory: '256Mi' }, requests: { cpu: '50m', memory: null } } },
    {
      installation: {
        resources: { cpu: { request: Cpu.millis(50) }, memory: { limit: Size.mebibytes(256) } },
      },
    },
  ],
  [
    'a faster rollout',
    { rollout: { concurrency: 5, failureBudget: 7, deadlineSeconds: 300, drainTimeoutSeconds: 1_200_000 } },
    {
      installation: {
        rollout: {
          concurrency: PercentOrAbsolute.absolute(5),
          failureBudget: 7,
          deadline: Duration.minutes(5),
          drainTimeout: Duration.seconds(1_200_000),
        },
      },
    },
  ],
  [
    'what is special about the nodes',
    { node: { unit: 'k3s-agent', takeoverSha256: sha256, installPackages: true } },
    { installation: { node: { unit: 'k3s-agent', takeoverSha256: sha256, installPackages: true } } },
  ],
  ['a dry run', { node: { dryRun: true } }, { installation: { node: { dryRun: true } } }],
  ['an uninstall', { uninstall: true }, { installation: { uninstall: true } }],
  [
    'a RuntimeClass for pools that scale from zero',
    { nodeSelector: { pool: 'builds' }, runtimeClass: { scheduling: 'intended', nodeSelector: { zone: 'a' } } },
    {
      runtimeClass: { scheduling: RuntimeScheduling.INTENDED, nodeSelector: { zone: 'a' } },
      installation: { nodeSelector: { pool: 'builds' } },
    },
  ],
  [
    'a narrower RuntimeClass',
    { runtimeClass: { nodeSelector: { pool: 'builds' }, tolerations: [toleration], podOverhead: { memory: '64Mi' } } },
    {
      runtimeClass: {
        nodeSelector: { pool: 'builds' },
        tolerations: [dedicated],
        podOverhead: { memory: Size.mebibytes(64) },
      },
    },
  ],
];

test.each(sets)('helm template renders what the constructs render: %s', (_, values, props) => {
  const objects = templated(values);
  expect(byName(objects)).toEqual(byName(constructs(props)));
  expect(brokenReferences(objects)).toEqual([]);
});

test('every value is in a set above', () => {
  const leaves = (node: unknown, path = ''): string[] =>
    Object.entries(node as object).flatMap(([key, child]) =>
      child?.type === 'object' && child.properties ? leaves(child.properties, `${path}${key}.`) : [`${path}${key}`],
    );
  const [schema] = objectsOf(output('cat', [join(chart, 'values.schema.json')]));
  const given = (values: object, path: string): boolean =>
    path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], values) !== undefined;
  const missing = leaves(schema?.properties).filter((path) => !sets.some(([, values]) => given(values, path)));
  expect(missing).toEqual(['image.repository', 'image.tag']);
});

test('the image is put together from its parts', () => {
  const image = { registry: 'a.example', repository: 'b/c', tag: 'v0.7.2', digest: '' };
  expect(JSON.stringify(templated({ image }))).toContain('"a.example/b/c:v0.7.2"');
});

test('helm lint finds nothing', () => {
  expect(output(program, ['lint', '--strict', chart])).toContain('1 chart(s) linted, 0 chart(s) failed');
});

test.each([
  [{ uninstall: true, node: { dryRun: true } }, 'uninstall and node.dryRun are both true'],
  [{ rollout: { deadlineSeconds: 60 } }, 'deadlineSeconds'],
  [{ image: { tag: 'latest' } }, 'tag'],
  [{ image: { digest: 'sha256:1' } }, 'digest'],
  [{ node: { unit: 'k3s.service' } }, 'unit'],
  [{ node: { dryRun: 'yes' } }, 'dryRun'],
  [{ unistall: true }, 'unistall'],
])('refuses the values %j', (values, message) => {
  expect(() => templated(values)).toThrow(message);
});
