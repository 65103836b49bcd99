// GitLab Runner's configuration as its own source reads it, and the pod of a job on a real API server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseToml } from '@iarna/toml';
import { App, Chart, Size } from 'cdk8s';
import { Secret } from 'cdk8s-plus-30';
import { parse, stringify } from 'yaml';
import {
  DockerEngine,
  GitLabRunner,
  GitLabRunnerOptions,
  PodSecurityLevel,
  SystemPodPolicy,
  SystemPodTemplate,
  SystemStorage,
} from '../../src';
import { ApiServer, eventually, startApiServer } from '../cluster/api-server';
import { KubeObject } from '../cluster/client';
import { output } from './manifests';
import { buildTimeout, gitlabRunnerConfig } from './tools';

let tool = { program: '', source: '' };
let directory = '';
beforeAll(async () => {
  tool = await gitlabRunnerConfig();
  directory = mkdtempSync(join(tmpdir(), 'gitlab-runner-'));
}, buildTimeout);
afterAll(() => rmSync(directory, { recursive: true }));

/**
 * The pod of a job before patches, as preparePodConfig of executors/kubernetes/kubernetes.go makes it: containers, their
 * names, the checkout's volume and the contexts of the configuration. Left out: scripts, logs, variables, services.
 */
function podOfJob(config: KubeObject): KubeObject {
  const context = (name: string) => {
    const { allow_privilege_escalation, capabilities } = config[`${name}_container_security_context`] ?? {};
    return { privileged: config.privileged, allowPrivilegeEscalation: allow_privilege_escalation, capabilities };
  };
  const helper = config.helper_image ?? 'registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper:v19.4.0';
  const volumeMounts = [{ name: 'repo', mountPath: '/builds' }];
  const container = (name: string, image: string) => ({ name, image, securityContext: context(name), volumeMounts });
  return {
    automountServiceAccountToken: config.automount_service_account_token,
    runtimeClassName: config.runtime_class_name,
    restartPolicy: 'Never',
    volumes: [{ name: 'repo', emptyDir: {} }],
    initContainers: [{ ...container('init_permissions', helper), name: 'init-permissions' }],
    containers: [container('build', config.image), container('helper', helper)],
  };
}

function read(text: string): { config: KubeObject; spec: KubeObject } {
  const file = join(directory, 'config.toml');
  writeFileSync(file, text);
  const { runners } = parseToml(text) as KubeObject;
  const config = runners[0].kubernetes;
  const spec = output(tool.program, [tool.source, file], JSON.stringify(podOfJob(config)));
  return { config, spec: JSON.parse(spec) };
}

function jobs(chart: Chart, podSecurity: PodSecurityLevel): SystemPodTemplate {
  const template = new SystemPodTemplate(chart, 'jobs', {
    containers: [{ name: 'build', image: 'docker:29-cli' }],
    system: { podSecurity, nodeSelector: { pool: 'ci' } },
  });
  template.podMetadata.addLabel('team', 'ci');
  DockerEngine.on(template, { storage: SystemStorage.ephemeralClaim({ storage: Size.gibibytes(20) }) });
  return template;
}

/** What Pod Security looks at, so that it is the policy that refuses. */
function restrictedContexts({ securityContext, containers, initContainers }: KubeObject): KubeObject {
  const own = initContainers.filter(({ name }: KubeObject) => name === 'init-permissions');
  const plain = ({ name, image, securityContext }: KubeObject) => ({ name, image, securityContext });
  return {
    securityContext: { ...securityContext, runAsUser: 1000, runAsNonRoot: true },
    containers: containers.map(plain),
    initContainers: own.map(plain),
  };
}

const everything: GitLabRunnerOptions = {
  extra: {
    name: 'sysbox',
    limit: 10,
    builds_dir: '/builds',
    environment: ['A=b'],
    kubernetes: { poll_timeout: 600, retry_limits: { 'TLS handshake timeout': 10 }, node_tolerations: { ci: '' } },
  },
};

describe.each([PodSecurityLevel.BASELINE, PodSecurityLevel.RESTRICTED])('%s', (podSecurity) => {
  let server: ApiServer;
  let chart: Chart;
  let runner: ReturnType<typeof read>;
  beforeAll(async () => {
    server = await startApiServer({ minor: '1.37' });
    const level = podSecurity === PodSecurityLevel.RESTRICTED ? 'restricted' : 'baseline';
    await server.apply(
      'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: sysbox-runc }\nhandler: sysbox-runc\n',
    );
    await server.createNamespace('ci', { 'pod-security.kubernetes.io/enforce': level });
    chart = new Chart(new App(), 'ci', { namespace: 'ci' });
    new SystemPodPolicy(chart, 'policy');
    runner = read(GitLabRunner.of(jobs(chart, podSecurity), everything).toToml());
    for (const object of chart.toJson()) await server.apply(stringify(object));
  }, buildTimeout);
  afterAll(() => server?.stop());

  test('without the patch the policy refuses the pod of a job', async () => {
    const spec = { ...podOfJob(runner.config), ...restrictedContexts(runner.spec) };
    // a policy holds some moments after it is there
    await eventually(() =>
      expect(
        server.create('/api/v1/namespaces/ci/pods', { metadata: { generateName: 'bare-' }, spec }),
      ).rejects.toThrow(/hostUsers/),
    );
  });

  test('the pod of a job is a system pod with the engine as its sidecar, and is admitted', async () => {
    const pod = await server.create('/api/v1/namespaces/ci/pods', { metadata: { name: 'job' }, spec: runner.spec });

    expect(pod.spec).toMatchObject({
      runtimeClassName: 'sysbox-runc',
      hostUsers: false,
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      nodeSelector: { pool: 'ci' },
    });
    const named = (list: KubeObject[], name: string) => list.find((it) => it.name === name);
    expect(named(pod.spec.initContainers, 'docker')).toMatchObject({
      restartPolicy: 'Always',
      volumeMounts: expect.arrayContaining([{ name: 'repo', mountPath: '/builds' }]),
    });
    expect(named(pod.spec.containers, 'build')).toMatchObject({
      image: 'docker:29-cli',
      env: [{ name: 'DOCKER_HOST', value: 'unix:///docker-socket/docker.sock' }],
      volumeMounts: expect.arrayContaining([{ name: 'repo', mountPath: '/builds' }]),
    });
    expect(pod.spec.volumes.map((it: KubeObject) => it.name)).toEqual(
      expect.arrayContaining(['repo', 'docker-data', 'docker-socket', 'docker-files']),
    );
    const files = pod.spec.volumes.find((it: KubeObject) => it.name === 'docker-files').configMap.name;
    await server.get(`/api/v1/namespaces/ci/configmaps/${files}`);
  });
});

test.each([
  ['kubernetes', { privilegd: true }, '.runners[0].kubernetes.privilegd is unknown to GitLab Runner'],
  ['kubernetes', { poll_timeout: 'long' }, '.runners[0].kubernetes.poll_timeout is string'],
])('a key of %s that GitLab Runner does not take is seen: %j', (table, extra, message) => {
  const chart = new Chart(new App(), 'ci');
  const runner = GitLabRunner.of(jobs(chart, PodSecurityLevel.BASELINE), { extra: { [table]: extra } });

  expect(() => read(runner.toToml())).toThrow(message);
});

test('the values of the Helm chart have the same text', () => {
  const chart = new Chart(new App(), 'ci');
  const runner = GitLabRunner.of(jobs(chart, PodSecurityLevel.BASELINE));
  const tokenSecret = Secret.fromSecretName(chart, 'token', 'runner-token');
  const values = runner.toHelmValues({ gitlabUrl: 'https://gitlab.example.org', tokenSecret });

  expect(parse(stringify(values)).runners.config).toBe(runner.toToml());
});
