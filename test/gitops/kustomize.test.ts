import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Testing } from 'cdk8s';
import { NodeTaintQuery, PercentOrAbsolute, Secret } from 'cdk8s-plus-30';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SysboxAlerts, SysboxInstallationProps, SysboxSource } from '../../src';
import { synth } from '../support/synth';
import { brokenReferences, comparable, constructs, nameOf, objectsOf, only, output, root } from './manifests';
import { buildTimeout, kustomize } from './tools';

const deploy = join(root, 'deploy');
let program = '';
let scratch = '';

beforeAll(async () => {
  program = await kustomize();
  scratch = mkdtempSync(join(tmpdir(), 'kustomize-'));
  cpSync(deploy, scratch, { recursive: true });
}, buildTimeout);
afterAll(() => rmSync(scratch, { recursive: true }));

const built = (directory: string) => objectsOf(output(program, ['build', directory]));

/** What a kustomization over deploy/ gives. */
function kustomized(content: string) {
  const directory = mkdtempSync(join(scratch, 'user-'));
  writeFileSync(join(directory, 'kustomization.yaml'), content);
  return built(directory);
}

const settingsOf = (objects: ReturnType<typeof built>) => {
  const [settings] = objects.filter(({ metadata }) => /^sysbox-installer-settings-/.test(metadata.name));
  if (!settings) throw new Error('no settings');
  return settings;
};

const mirrored = 'registry.example/nestybox/sysbox-deploy-k8s:v0.7.1-0';
const asConstructed: Record<string, SysboxInstallationProps> = {
  base: {},
  'overlays/uninstall': { uninstall: true },
  'overlays/dry-run': { node: { dryRun: true } },
  'overlays/registry': {
    source: SysboxSource.image(mirrored, {
      imagePullSecrets: [Secret.fromSecretName(Testing.chart(), 'Registry', 'registry')],
    }),
  },
  'overlays/tolerations': { tolerations: [NodeTaintQuery.exists('sysbox-runtime')] },
  'overlays/rollout': { rollout: { concurrency: PercentOrAbsolute.absolute(2), failureBudget: 2 } },
};

test('every overlay is compared with the constructs', () => {
  const overlays = readdirSync(join(deploy, 'overlays')).map((name) => `overlays/${name}`);
  expect(Object.keys(asConstructed).sort()).toEqual(['base', ...overlays].sort());
});

test.each(Object.entries(asConstructed))(
  'deploy/%s is what the constructs render with the same props',
  (name, installation) => {
    expect(comparable(built(join(deploy, name)))).toEqual(comparable(constructs({ installation })));
  },
);

test('deploy/demo is the demo alone, in a namespace of its own', () => {
  expect(built(join(deploy, 'demo')).map(nameOf)).toEqual(['Namespace/sysbox-demo', 'Deployment/sysbox-demo/ubuntu']);
});

test('deploy/alerts is what SysboxAlerts renders, and takes the label by which rules are selected', () => {
  const [rule, ...more] = built(join(deploy, 'alerts'));
  expect(more).toEqual([]);
  const [rendered] = synth((chart) => new SysboxAlerts(chart, 'sysbox'));
  expect(rule).toMatchObject({ kind: 'PrometheusRule', spec: rendered?.spec });
  const [labelled] = kustomized('resources: [../alerts]\nlabels: [{ pairs: { release: monitoring } }]\n');
  expect(labelled?.metadata).toMatchObject({ namespace: 'monitoring', labels: { release: 'monitoring' } });
});

test('each setting that may be changed is explained, and the rest is marked as not for change', () => {
  const file = readFileSync(join(deploy, 'base', 'settings.env'), 'utf8');
  const [own = '', rest = ''] = file.split('# These belong together');
  const keys = (text: string) => [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, key]) => key);
  expect(own.match(/^# .*\n[A-Z_]+=/gm)).toHaveLength(keys(own).length);
  expect(keys(own)).toEqual(expect.arrayContaining(['CONCURRENCY', 'DRAIN_TIMEOUT', 'DRY_RUN', 'UNINSTALL']));
  expect(keys(rest)).toEqual(expect.arrayContaining(['HANDLER', 'SLOT_POLL']));
  expect(keys(file).sort()).toEqual(Object.keys(settingsOf(built(join(deploy, 'base'))).data).sort());
});

test('a patch of one setting changes the name of the settings, and with it the pods', () => {
  const base = built(join(deploy, 'base'));
  const patched = kustomized(`
resources: [../base]
configMapGenerator:
  - name: sysbox-installer-settings
    namespace: sysbox-system
    behavior: merge
    literals: [DRAIN_TIMEOUT=1200]
    options: { immutable: true }
`);
  expect(settingsOf(patched)).toMatchObject({
    immutable: true,
    data: { ...settingsOf(base).data, DRAIN_TIMEOUT: '1200' },
  });
  expect(settingsOf(patched).metadata.name).not.toBe(settingsOf(base).metadata.name);
  expect(only(patched, 'DaemonSet').spec.template).not.toEqual(only(base, 'DaemonSet').spec.template);
  expect(brokenReferences(patched)).toEqual([]);
});

test('components are combined', () => {
  const both = kustomized('resources: [../base]\ncomponents: [../components/uninstall, ../components/dry-run]\n');
  expect(settingsOf(both).data).toMatchObject({ UNINSTALL: 'true', DRY_RUN: 'true' });
});

test.each([
  ['namePrefix', 'namePrefix: blue-'],
  ['nameSuffix', 'nameSuffix: -blue'],
  ['labels', 'labels: [{ pairs: { team: blue }, includeSelectors: true }]'],
  ['commonAnnotations', 'commonAnnotations: { team: blue }'],
  ['images', 'images: [{ name: registry.nestybox.com/nestybox/sysbox-deploy-k8s, newName: blue.example/sysbox }]'],
])("kustomize's %s breaks no reference between the objects", (_, transformer) => {
  const objects = kustomized(`resources: [../base]\n${transformer}\n`);
  expect(JSON.stringify(objects)).toContain('blue');
  expect(brokenReferences(objects)).toEqual([]);
  const { spec } = only(objects, 'DaemonSet');
  expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
});

// There are two, whose Pod Security levels are opposites: in one namespace, either the installer or what it may create would be wrong.
test("kustomize's namespace is refused by kustomize itself", () => {
  expect(() => kustomized('resources: [../base]\nnamespace: blue\n')).toThrow(
    /namespace transformation produces ID conflict.*sysbox-system.*sysbox-verification/,
  );
});

test('a reference that leads nowhere is found', () => {
  const objects = built(join(deploy, 'base')).filter(({ kind }) => kind !== 'ServiceAccount');
  expect(brokenReferences(objects)).toContain('ServiceAccount/sysbox-system/sysbox-installer');
});

test('deploy/ is what the constructs print now (else: npm run generate, and commit)', () => {
  const fresh = join(scratch, 'fresh');
  mkdirSync(fresh);
  output(process.execPath, [join(root, 'scripts', 'deploy-kustomize.js'), fresh]);
  const contents = (directory: string) =>
    output('sh', [
      '-c',
      `cd "$1" && find alerts base components overlays demo -type f -exec sha256sum {} + | sort`,
      'sh',
      directory,
    ]);
  expect(contents(deploy)).toBe(contents(fresh));
});
