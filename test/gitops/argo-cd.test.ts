import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { objectsOf, output, root } from './manifests';
import { argoHealth, buildTimeout } from './tools';

let program = '';
let scratch = '';
beforeAll(async () => {
  program = await argoHealth();
  scratch = mkdtempSync(join(tmpdir(), 'argo-cd-'));
  const [patch] = objectsOf(readFileSync(join(root, 'deploy', 'argo-cd', 'argocd-cm.yaml'), 'utf8'));
  writeFileSync(join(scratch, 'health.lua'), patch?.data['resource.customizations.health.ConfigMap']);
}, buildTimeout);
afterAll(() => rmSync(scratch, { recursive: true }));

const rollout = (notes: Record<string, string>, name = 'cdk8s-sysbox-rollout') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace: 'sysbox-system',
    annotations: Object.fromEntries(Object.entries(notes).map(([key, value]) => [`cdk8s-sysbox.io/${key}`, value])),
  },
});

/** What Argo CD's own runner says of an object. */
const healthOf = (object: object) =>
  JSON.parse(output(program, ['ConfigMap', join(scratch, 'health.lua')], JSON.stringify([object])))[0];

test.each([
  ['before the first node begins', {}, { status: 'Healthy', message: 'ready nodes: 0' }],
  [
    'while nodes are pending',
    { revision: 'a', done: '1', nodes: '3', failed: '0', pending: '2: agent-2, agent-3' },
    { status: 'Progressing', message: 'pending nodes: 2: agent-2, agent-3' },
  ],
  [
    'when a node has failed, also while others are pending',
    {
      revision: 'a',
      done: '1',
      nodes: '12',
      failed: '1: agent-2',
      pending: '10: agent-3, agent-4, agent-5, agent-6, agent-7, …',
    },
    { status: 'Degraded', message: 'failed nodes: 1: agent-2' },
  ],
  [
    'when all are done',
    { revision: 'a', done: '3', nodes: '3', failed: '0', pending: '0' },
    { status: 'Healthy', message: 'ready nodes: 3' },
  ],
  ['before the nodes were counted', { revision: 'a', done: '0' }, { status: 'Healthy', message: 'ready nodes: 0' }],
])('%s', (_, notes, health) => {
  expect(healthOf(rollout(notes))).toEqual(health);
});

test('ConfigMaps of others are Healthy', () => {
  expect(healthOf(rollout({ revision: 'a', failed: '1: agent-2' }, 'other'))).toEqual({ status: 'Healthy' });
  expect(healthOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bare' } })).toEqual({ status: 'Healthy' });
});
