// The blocks of docs/how-to/ci-systems.md as a reader runs them: what they write is applied to a real API server, and the pods that
// the product makes from what they print are admitted there. Read by the product's own code or chart where it is on the Go proxy
// (GitLab Runner, the Actions Runner Controller); for the others the pod is what their documentation says.
import { transformSync } from '@swc/core';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Chart, App } from 'cdk8s';
import { SystemPodPolicy, SystemPodRules } from '../../src';
import { ApiServer, eventually, startApiServer } from '../cluster/api-server';
import { KubeObject } from '../cluster/client';
import { objectsOf, only, output, root } from './manifests';
import { actionsRunnerCharts, buildTimeout, gitlabRunnerConfig, helm } from './tools';

const page = readFileSync(join(root, 'docs', 'how-to', 'ci-systems.md'), 'utf8');

/** The only block of a section. */
function blockOf(section: string, language: string): string {
  const [text = ''] = page.split(/^## /m).filter((it) => it.startsWith(`${section}\n`));
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))];
  expect(blocks).toHaveLength(1);
  return blocks[0]?.[1] ?? '';
}

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ci-systems-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs the block of a section; what it prints and what it writes. */
function ran(section: string): { printed: KubeObject; objects: KubeObject[] } {
  const options = { jsc: { parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } } as const;
  const { code } = transformSync(blockOf(section, 'ts'), options);
  const printed: string[] = [];
  const outdir = join(directory, section);
  process.env.CDK8S_OUTDIR = outdir;
  const modules = (name: string) => jest.requireActual(name === 'cdk8s-sysbox' ? '../../src' : name);
  new Function('require', 'exports', 'console', code)(modules, {}, { log: (text: string) => printed.push(text) });
  delete process.env.CDK8S_OUTDIR;
  const texts = readdirSync(outdir).map((file) => readFileSync(join(outdir, file), 'utf8'));
  return { printed: parse(printed.join('\n')) ?? {}, objects: texts.flatMap(objectsOf) };
}

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer({ minor: '1.37' });
  await server.apply(
    'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: sysbox-runc }\nhandler: sysbox-runc\n',
  );
  await server.createNamespace('ci', { 'pod-security.kubernetes.io/enforce': 'baseline' });
  const chart = new Chart(new App(), 'policy');
  new SystemPodPolicy(chart, 'policy');
  for (const object of chart.toJson()) await server.apply(JSON.stringify(object));
  const bare = { runtimeClassName: 'sysbox-runc', containers: [{ name: 'a', image: 'a:1' }] };
  // a policy holds some moments after it is there
  await eventually(() => expect(create({ metadata: {}, spec: bare })).rejects.toThrow(/hostUsers/));
}, buildTimeout);
afterAll(() => server?.stop());

function create({ metadata, spec }: KubeObject): Promise<KubeObject> {
  const pod = { metadata: { labels: metadata?.labels, annotations: metadata?.annotations, generateName: 'it-' }, spec };
  return server.create('/api/v1/namespaces/ci/pods', pod);
}

/** The pod is admitted, follows the rules, and what it refers to was written by the block. */
async function admitted(template: KubeObject, objects: KubeObject[] = []): Promise<KubeObject> {
  for (const object of objects.filter(({ kind }) => kind === 'ConfigMap')) await server.apply(JSON.stringify(object));
  const pod = await create(template);
  expect(pod.spec).toMatchObject({ runtimeClassName: 'sysbox-runc', hostUsers: false, enableServiceLinks: false });
  const plain = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'it' }, spec: template.spec };
  expect(SystemPodRules.check([plain]).filter(({ severity }) => severity === 'error')).toEqual([]);
  const files: string[] = (pod.spec.volumes ?? []).flatMap((it: KubeObject) => it.configMap?.name ?? []);
  for (const name of files) await server.get(`/api/v1/namespaces/ci/configmaps/${name}`);
  return pod;
}

const engine = (pod: KubeObject): KubeObject =>
  pod.spec.initContainers.find(({ name }: KubeObject) => name === 'docker');

test(
  'GitLab Runner',
  async () => {
    const { program, source } = await gitlabRunnerConfig();
    const { printed, objects } = ran('GitLab Runner');
    expect(printed).toMatchObject({
      gitlabUrl: 'https://gitlab.example.org',
      runners: { secret: 'gitlab-runner-token' },
    });
    const file = join(directory, 'config.toml');
    writeFileSync(file, printed.runners.config);
    const given = {
      runtimeClassName: 'sysbox-runc',
      volumes: [{ name: 'repo', emptyDir: {} }],
      containers: ['build', 'helper'].map((name) => ({ name, image: 'docker:29-cli' })),
    };

    const spec = JSON.parse(output(program, [source, file], JSON.stringify(given)));

    expect(engine(await admitted({ spec }, objects)).volumeMounts).toContainEqual({
      name: 'repo',
      mountPath: '/builds',
    });
  },
  buildTimeout,
);

test(
  'GitHub Actions: the chart takes the template as it is',
  async () => {
    const { objects } = ran('GitHub Actions');
    const values = only(objects, 'HelmChart').spec.valuesContent;
    const file = join(directory, 'values.yaml');
    writeFileSync(file, values);
    const chart = join(await actionsRunnerCharts(), 'gha-runner-scale-set');
    const account = ['--set', 'controllerServiceAccount.name=arc', '--set', 'controllerServiceAccount.namespace=arc'];

    const rendered = objectsOf(output(await helm(), ['template', 'team', chart, '--values', file, ...account]));

    const { template } = only(rendered, 'AutoscalingRunnerSet').spec;
    const own = parse(values).template;
    expect(template.spec).toMatchObject({
      ...own.spec,
      containers: [{ name: 'runner', command: ['/home/runner/run.sh'] }],
    });
    expect(template.spec.initContainers).toEqual(own.spec.initContainers);
    await server.createServiceAccount('ci', template.spec.serviceAccountName);
    expect(engine(await admitted(template, objects))).toMatchObject({ restartPolicy: 'Always' });

    // The scale set itself, on the newest CRD that the proxy has (0.6.1): it knows all but the field that 0.7.0 brought, as the guide says.
    const crd = 'gha-runner-scale-set-controller/crds/actions.github.com_autoscalingrunnersets.yaml';
    await server.apply(readFileSync(join(await actionsRunnerCharts(), crd), 'utf8'));
    const sets = '/apis/actions.github.com/v1alpha1/namespaces/ci/autoscalingrunnersets';
    await eventually(() =>
      expect(server.create(sets, only(rendered, 'AutoscalingRunnerSet'))).rejects.toThrow(
        /strict decoding error: unknown field "spec\.template\.spec\.initContainers\[0\]\.restartPolicy"( |$)/,
      ),
    );
  },
  buildTimeout,
);

test('CircleCI container runner', async () => {
  const { printed, objects } = ran('CircleCI container runner');
  const template = printed.agent.resourceClasses['team/docker'];
  // what the container agent replaces (https://circleci.com/docs/container-runner/)
  const [first, ...others] = template.spec.containers;
  const replaced = {
    ...first,
    name: 'job',
    image: 'cimg/go:1.25',
    command: ['/opt/start'],
    workingDir: '/home/circleci',
  };

  const pod = await admitted(
    { ...template, spec: { ...template.spec, containers: [replaced, ...others], restartPolicy: 'Never' } },
    objects,
  );

  expect(pod.spec.containers[0].env).toContainEqual({ name: 'DOCKER_HOST', value: expect.any(String) });
});

test('Jenkins', async () => {
  const { printed, objects } = ran('Jenkins');
  const [template] = printed.jenkins.clouds[0].kubernetes.templates;
  const pod = parse(template.yaml);
  expect(pod).toMatchObject({ apiVersion: 'v1', kind: 'Pod' });
  // what the plugin adds (https://plugins.jenkins.io/kubernetes/, "Default inbound agent")
  const jnlp = { name: 'jnlp', image: 'jenkins/inbound-agent:3355.v388858a_47b_33-3-jdk21' };

  const { spec } = await admitted(
    { ...pod, spec: { ...pod.spec, containers: [...pod.spec.containers, jnlp], restartPolicy: 'Never' } },
    objects,
  );

  expect(engine({ spec }).volumeMounts).toContainEqual({ name: 'docker-shared-0', mountPath: '/home/jenkins/agent' });
});

test('Testcontainers in a job', async () => {
  const { objects } = ran('Testcontainers in a job');

  const { spec } = await admitted(only(objects, 'Job').spec.template, objects);

  expect(spec.containers[0].env.map(({ name }: KubeObject) => name)).toEqual(
    expect.arrayContaining(['TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE', 'DOCKER_HOST']),
  );
  // the place of the socket in the engine's container
  const daemon = JSON.parse(only(objects, 'ConfigMap').data['daemon.json']);
  expect(daemon.hosts).toContain('unix:///var/run/docker.sock');
});

test('GitLab Workspaces, and a devfile of Dev Spaces', async () => {
  const { remote_development: settings } = parse(blockOf('GitLab Workspaces', 'yaml'));
  expect(settings).toMatchObject({ default_runtime_class: 'sysbox-runc', use_kubernetes_user_namespaces: true });
  const { printed } = ran('GitLab Workspaces');

  const containers = [{ name: 'tools', image: 'tools:1' }];
  await admitted({ spec: { containers, ...printed.attributes['pod-overrides'].spec } });
});
