import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asksForRestricted, exampleNames, filesOfExample } from '../examples/every-example';
import { installAgentSandboxCrds } from './agent-sandbox';
import { ApiServer, eventually, startApiServer } from './api-server';
import { buildTimeout, minors } from './build';
import { documents, KubeObject } from './client';

/** The installer's namespaces: they say themselves at which level they are. */
const installer = ['sysbox-system', 'sysbox-verification'];
const enforce = 'pod-security.kubernetes.io/enforce';
const warn = 'pod-security.kubernetes.io/warn';

const kindAndName = ({ kind, metadata }: KubeObject) => `${kind}/${metadata.name}`;
const textOf = (name: string) =>
  filesOfExample(name)
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n---\n');
const k3kCrd = readFileSync(join(__dirname, '..', 'k3k', 'crds', 'clusters.yaml'), 'utf8');

/** The namespaces that an example is applied into. */
function namespacesOf(objects: KubeObject[]): string[] {
  const named = objects.map(({ metadata }) => metadata.namespace ?? 'default');
  return [...new Set(['default', ...named])].filter((name) => !installer.includes(name));
}

/** The pods that the objects would become, one of each template, with volumes in the place of claim templates. */
function podsOf(object: KubeObject): KubeObject[] {
  const { jobTemplate, template: own, podTemplate } = object.spec ?? {};
  const template = object.kind === 'Pod' ? object : (jobTemplate?.spec.template ?? own ?? podTemplate);
  if (!template?.spec?.containers) return [];
  const claims = (object.spec.volumeClaimTemplates ?? []).map((claim: KubeObject) => ({
    name: claim.metadata.name,
    emptyDir: {},
  }));
  const { labels, annotations } = template.metadata ?? {};
  const volumes = [...(template.spec.volumes ?? []), ...claims];
  return [{ metadata: { generateName: 'tried-', labels, annotations }, spec: { ...template.spec, volumes } }];
}

describe.each(minors)('Kubernetes %s', (minor) => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ minor });
    await server.apply(k3kCrd);
    await eventually(() => server.get('/apis/k3k.io/v1beta1/clusters'));
    await installAgentSandboxCrds(server);
    // the runtime's class and policies are there before workloads are, as on any cluster
    await server.apply(textOf('default'));
  }, buildTimeout);
  afterAll(() => server?.stop());

  const names = exampleNames.filter((name) => minor !== '1.33' || !asksForRestricted(name));
  test.each(names)('examples/%s.ts is admitted, and so are its pods', async (name) => {
    const level = asksForRestricted(name) ? 'restricted' : 'baseline';
    const text = textOf(name);
    const objects = documents(text).map(({ object }) => object);
    const namespaces = namespacesOf(objects);
    for (const namespace of namespaces) {
      const metadata = { name: namespace };
      await server.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }), { force: true });
      // As an administrator would: an example that brings its namespace does not take these labels away.
      await server.patch(`/api/v1/namespaces/${namespace}`, {
        metadata: { labels: { [enforce]: level, [warn]: level } },
      });
    }
    server.warnings.length = 0;

    const applied = await server.apply(text);
    const pods: string[] = [];
    for (const object of applied.filter(({ metadata }) => !installer.includes(metadata.namespace))) {
      for (const pod of podsOf(object)) {
        await ready(server, object.metadata.namespace, pod);
        await server.create(`/api/v1/namespaces/${object.metadata.namespace}/pods`, pod, { dryRun: 'All' });
        pods.push(kindAndName(object));
      }
    }

    expect(applied.map(kindAndName)).toEqual(objects.map(kindAndName));
    expect(applied.some(({ kind }) => kind === 'Cluster') || pods.length > 0).toBe(true);
    expect(server.warnings).toEqual([]);
    for (const namespace of namespaces) {
      const { labels } = (await server.get(`/api/v1/namespaces/${namespace}`)).metadata;
      expect(labels).toMatchObject({ [enforce]: level, [warn]: level });
    }
    await remove(server, applied);
  });

  test('an app that is there takes its adoption, but for its Jobs, as docs/how-to/adopt.md says', async () => {
    const before = await server.apply(textOf('adopt/before'));
    const refused: string[] = [];
    for (const { object, text } of documents(textOf('adopt/after'))) {
      await server.apply(text).catch((error: Error) => {
        expect(error.message).toMatch(/spec\.template: Invalid value: .*field is immutable/s);
        refused.push(kindAndName(object));
      });
    }
    expect(refused).toEqual(['Job/builds-warm-up']);
    await remove(server, before);
    expect(await server.apply(textOf('adopt/after'))).toHaveLength(before.length);
  });

  test.each(['baseline', 'restricted'])(
    'a namespace that enforces %s refuses, and warns of, a privileged pod',
    async (level) => {
      const namespace = `control-${level}`;
      await server.createNamespace(namespace, { [enforce]: level, [warn]: level });
      server.warnings.length = 0;
      const container = { name: 'main', image: 'a:1', securityContext: { privileged: true } };
      const template = { metadata: { labels: { app: 'control' } }, spec: { containers: [container] } };
      await server.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
        metadata: { name: 'control' },
        spec: { selector: { matchLabels: { app: 'control' } }, template },
      });
      expect(server.warnings).toEqual([expect.stringMatching(/would violate PodSecurity .*privileged/)]);
      const pod = { metadata: { name: 'control' }, spec: template.spec };
      await expect(server.create(`/api/v1/namespaces/${namespace}/pods`, pod)).rejects.toThrow(/violates PodSecurity/);
    },
  );
});

/** What controllers do before pods are made: none runs here. */
async function ready(server: ApiServer, namespace: string, pod: KubeObject): Promise<void> {
  if (pod.spec.serviceAccountName) await server.createServiceAccount(namespace, pod.spec.serviceAccountName);
  for (const quota of await server.list(`/api/v1/namespaces/${namespace}/resourcequotas`)) {
    const { hard } = quota.spec;
    const used = Object.fromEntries(Object.keys(hard).map((resource) => [resource, '0']));
    const path = `/api/v1/namespaces/${namespace}/resourcequotas/${quota.metadata.name}/status`;
    await server.patch(path, { status: { hard, used } });
  }
}

/** Leaves room for the next example: a Job's pods cannot be changed, and a node port is taken once. */
async function remove(server: ApiServer, objects: KubeObject[]): Promise<void> {
  for (const object of objects.filter(({ kind }) => ['Job', 'Service'].includes(kind))) {
    await server.delete(await server.pathOf(object), { propagationPolicy: 'Background' });
  }
}
