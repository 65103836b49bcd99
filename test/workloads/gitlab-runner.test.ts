import { parse } from '@iarna/toml';
import * as kplus from 'cdk8s-plus-30';
import { DockerEngine } from '../../src/docker';
import {
  GitLabRunner,
  GitLabRunnerOptions,
  PodSecurityLevel,
  SystemOptions,
  SystemPodTemplate,
} from '../../src/workloads';
import { Manifest, testChart } from '../support/synth';

const build = { name: 'build', image: 'docker:29-cli' };

function jobs(containers: kplus.ContainerProps[] = [build], system: SystemOptions = {}): SystemPodTemplate {
  return new SystemPodTemplate(testChart({ namespace: 'ci' }), 'jobs', { containers, system });
}

function runnerOf(workload: SystemPodTemplate, options: GitLabRunnerOptions = {}): Manifest {
  const { runners } = parse(GitLabRunner.of(workload, options).toToml()) as Manifest;
  expect(runners).toHaveLength(1);
  return runners[0];
}

const patchOf = (runner: Manifest): Manifest => JSON.parse(runner.kubernetes.pod_spec[0].patch);

test('a job is a system pod in the namespace of the chart, with the image of its container "build"', () => {
  const runner = runnerOf(jobs());

  expect(runner).toMatchObject({
    executor: 'kubernetes',
    feature_flags: { FF_USE_ADVANCED_POD_SPEC_CONFIGURATION: true },
    kubernetes: {
      namespace: 'ci',
      image: 'docker:29-cli',
      privileged: false,
      runtime_class_name: 'sysbox-runc',
      automount_service_account_token: false,
      pod_spec: [{ name: 'system-pod', patch_type: 'strategic' }],
    },
  });
  expect(patchOf(runner)).toMatchObject({
    hostUsers: false,
    enableServiceLinks: false,
    containers: [{ name: 'build' }],
  });
  // the runner's own, which a patch would replace
  expect(patchOf(runner)).not.toHaveProperty('restartPolicy');
  expect(patchOf(runner).containers[0]).not.toHaveProperty('image');
});

test('the engine is a sidecar that sees the checkout, and the job gets its socket', () => {
  const workload = jobs();
  DockerEngine.on(workload);

  const patch = patchOf(runnerOf(workload, { extra: { builds_dir: '/work' } }));

  expect(patch.initContainers[0]).toMatchObject({ name: 'docker', restartPolicy: 'Always' });
  expect(patch.initContainers[0].volumeMounts).toContainEqual({ name: 'repo', mountPath: '/work' });
  expect(patch.containers[0].env).toContainEqual({ name: 'DOCKER_HOST', value: 'unix:///docker-socket/docker.sock' });
});

test('labels, annotations and the image of the helper are said where the runner looks for them', () => {
  const workload = jobs([build, { name: 'helper', image: 'registry.example.org/helper:19' }]);
  workload.podMetadata.addLabel('team', 'ci');
  workload.podMetadata.addAnnotation('note', 'x');

  expect(runnerOf(workload).kubernetes).toMatchObject({
    helper_image: 'registry.example.org/helper:19',
    pod_labels: { team: 'ci' },
    pod_annotations: { note: 'x' },
  });
});

test('under Restricted, the containers that only the runner knows are restricted too', () => {
  const context = { allow_privilege_escalation: false, capabilities: { drop: ['ALL'] } };

  const { kubernetes } = runnerOf(jobs([build], { podSecurity: PodSecurityLevel.RESTRICTED }));

  expect(kubernetes).toMatchObject({
    helper_container_security_context: context,
    init_permissions_container_security_context: context,
    service_container_security_context: context,
  });
  expect(runnerOf(jobs()).kubernetes).not.toHaveProperty('helper_container_security_context');
});

test('has what else the runner is configured with', () => {
  const extra = { limit: 4, feature_flags: { FF_TIMESTAMPS: true }, kubernetes: { poll_timeout: 600 } };

  expect(runnerOf(jobs(), { extra } satisfies Required<GitLabRunnerOptions>)).toMatchObject({
    limit: 4,
    feature_flags: { FF_TIMESTAMPS: true, FF_USE_ADVANCED_POD_SPEC_CONFIGURATION: true },
    kubernetes: { poll_timeout: 600 },
  });
});

test('is a value of the Helm chart, which has the token from a Secret', () => {
  const workload = jobs();
  const runner = GitLabRunner.of(workload);
  const tokenSecret = kplus.Secret.fromSecretName(workload, 'Token', 'runner-token');

  expect(runner.toHelmValues({ gitlabUrl: 'https://gitlab.example.org', tokenSecret })).toEqual({
    gitlabUrl: 'https://gitlab.example.org',
    rbac: { create: true },
    runners: { config: runner.toToml(), secret: 'runner-token' },
  });
});

describe('refuses', () => {
  test.each<[string, () => GitLabRunner, string]>([
    [
      'a template without the container of the job',
      () => GitLabRunner.of(jobs([{ name: 'a', image: 'a:1' }])),
      "test/jobs: GitLab Runner runs a job in the container 'build', and the containers are: a. Name one 'build'",
    ],
    [
      'a command, which would replace the job’s script',
      () => GitLabRunner.of(jobs([{ ...build, command: ['sh'] }])),
      "test/jobs: the container 'build' has a command, and GitLab Runner has its own. Leave it out",
    ],
    [
      'arguments of the helper',
      () => GitLabRunner.of(jobs([build, { name: 'helper', image: 'h:1', args: ['a'] }])),
      "test/jobs: the container 'helper' has a command, and GitLab Runner has its own. Leave it out",
    ],
    [
      'a key that the template says',
      () => GitLabRunner.of(jobs(), { extra: { kubernetes: { privileged: true } } }),
      "test/jobs: extra.kubernetes has 'privileged', which the pod template says. Leave it out",
    ],
    [
      'another executor',
      () => GitLabRunner.of(jobs(), { extra: { executor: 'docker' } }),
      "test/jobs: extra has 'executor', which is 'kubernetes'. Leave it out",
    ],
  ])('%s', (_what, make, message) => {
    expect(make).toThrow(message);
  });
});
