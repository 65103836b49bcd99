import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotations } from '../rollout/rollout-state';
import { nodeObject, Rules, SimpleNode } from '../rollout/rules';
import { objectsOf, output, root } from './manifests';
import { argoHealth, buildTimeout } from './tools';

let program = '';
let scratch = '';
let rules: Rules;
beforeAll(async () => {
  program = await argoHealth();
  rules = new Rules();
  scratch = mkdtempSync(join(tmpdir(), 'argo-cd-'));
  const [patch] = objectsOf(readFileSync(join(root, 'deploy', 'argo-cd', 'argocd-cm.yaml'), 'utf8'));
  writeFileSync(join(scratch, 'health.lua'), patch?.data['resource.customizations.health.ConfigMap']);
}, buildTimeout);
afterAll(() => {
  rules?.stop();
  rmSync(scratch, { recursive: true });
});

const rollout = (annotations: Annotations, name = 'cdk8s-sysbox-rollout') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'sysbox-system', annotations },
});

/** What Argo CD's own runner says of an object. */
const healthOf = (object: object) =>
  JSON.parse(output(program, ['ConfigMap', join(scratch, 'health.lua')], JSON.stringify([object])))[0];

/** What the installer's own rules (slots.jq) write when they count these nodes. */
async function counted(nodes: SimpleNode[]): Promise<Annotations> {
  const [first] = nodes;
  const common = { me: first?.name ?? '', revision: 'r1', concurrency: '5%', budget: 1, nodes: nodes.map(nodeObject) };
  const begun = await rules.judge({ ...common, act: 'acquire', annotations: {} });
  const { annotations } = await rules.judge({
    ...common,
    act: 'count',
    argument: '9',
    annotations: begun.annotations ?? {},
  });
  if (!annotations) throw new Error('nothing was counted');
  return annotations;
}

const node = (name: string, stage?: string): SimpleNode => ({ name, stage, revision: stage && 'r1' });

test.each<[string, SimpleNode[], object]>([
  [
    'an unfinished rollout is Progressing',
    [node('a', 'ready'), node('b', 'validated'), node('c')],
    { status: 'Progressing', message: 'pending nodes: 2: b, c' },
  ],
  [
    'a failed node makes it Degraded, also while others are pending',
    [node('a', 'ready'), node('b', 'failed'), node('c')],
    { status: 'Degraded', message: 'failed nodes: 1: b' },
  ],
  [
    'names are bounded',
    Array.from({ length: 9 }, (_, i) => node(`n${i}`, 'failed')),
    { status: 'Degraded', message: 'failed nodes: 9: n0, n1, n2, n3, n4, …' },
  ],
  [
    'a rollout that is done is Healthy',
    [node('a', 'ready'), node('b', 'ready')],
    { status: 'Healthy', message: expect.stringContaining('ready nodes') },
  ],
  [
    'so is an uninstall that is done',
    [node('a', 'removed'), node('b', 'removed')],
    { status: 'Healthy', message: expect.stringContaining('ready nodes') },
  ],
])('%s', async (_, nodes, health) => {
  expect(healthOf(rollout(await counted(nodes)))).toEqual(health);
});

test('before the first node begins it is Healthy: the DaemonSet says the rest', () => {
  expect(healthOf(rollout({}))).toEqual({ status: 'Healthy', message: 'ready nodes: 0' });
});

test('ConfigMaps of others are Healthy', () => {
  expect(healthOf(rollout({ 'cdk8s-sysbox.io/failed': '1: b' }, 'other'))).toEqual({ status: 'Healthy' });
  expect(healthOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bare' } })).toEqual({ status: 'Healthy' });
});
