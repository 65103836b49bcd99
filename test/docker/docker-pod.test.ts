import { Duration, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { ActionsRunnerOptions, DockerPod, DockerPodProps } from '../../src/docker';
import { RuntimeReference } from '../../src/runtime';
import { SystemStorage } from '../../src/workloads';
import { byKind, containerOf, Manifest } from './manifests';

describe('DockerPod', () => {
  test('without containers is an engine', () => {
    const chart = Testing.chart();

    const pod = new DockerPod(chart, 'it');

    expect(pod.docker.container.name).toBe('docker');
    expect(byKind(chart).Pod.spec.containers).toHaveLength(1);
    expect(byKind(chart).Pod.spec.initContainers).toBeUndefined();
  });

  test('with containers has the engine as their sidecar', () => {
    const chart = Testing.chart();
    const own: Required<Pick<DockerPodProps, 'docker' | 'system' | 'containers'>> = {
      containers: [{ name: 'ci', image: 'ci:1' }],
      docker: { socketGroup: 9 },
      system: { runtimeClassName: 'sysbox' },
    };

    new DockerPod(chart, 'it', own);

    const { spec } = byKind(chart).Pod;
    expect(spec.initContainers).toMatchObject([{ name: 'docker', restartPolicy: 'Always' }]);
    expect(spec).toMatchObject({ runtimeClassName: 'sysbox', securityContext: { supplementalGroups: [9] } });
  });
});

describe('actionsRunnerTemplate', () => {
  const RUNNER = 'ghcr.io/actions/actions-runner:2.330.0';
  const template = (options: Partial<ActionsRunnerOptions> = {}) => {
    const chart = Testing.chart();
    const made = DockerPod.actionsRunnerTemplate(chart, 'runners', { container: { image: RUNNER }, ...options });
    return { made, objects: Testing.synth(chart) as Manifest[] };
  };

  test('is a template of the controller, and makes no pod by itself', () => {
    const { made, objects } = template();

    expect(made).toMatchSnapshot();
    expect(objects.map((o) => o.kind)).toEqual(['ConfigMap']);
    const files = made.spec.volumes.find((v: { name: string }) => v.name === 'docker-files');
    expect(files.configMap.name).toBe(objects[0].metadata.name);
  });

  test('two of one id in two places have objects of their own', () => {
    const chart = Testing.chart();
    for (const team of ['a', 'b']) {
      const place = new Construct(chart, team);
      DockerPod.actionsRunnerTemplate(place, 'runners', { container: { image: RUNNER } });
    }

    const names = (Testing.synth(chart) as Manifest[]).map((o) => o.metadata.name);
    expect(names).toEqual([
      expect.stringMatching(/^test-a-runners-docker-files-/),
      expect.stringMatching(/^test-b-runners-docker-files-/),
    ]);
  });

  test('nothing of it is privileged', () => {
    expect(JSON.stringify(template().made)).not.toContain('privileged');
    expect(template().made.spec).toMatchObject({ hostUsers: false, runtimeClassName: 'sysbox-runc' });
  });

  test('runner and engine share the work directory and the runner’s own programs', () => {
    const { spec } = template().made;

    for (const name of ['runner', 'docker']) {
      expect(containerOf(spec, name).volumeMounts).toEqual(
        expect.arrayContaining([
          { name: 'work', mountPath: '/home/runner/_work' },
          { name: 'dind-externals', mountPath: '/home/runner/externals' },
        ]),
      );
    }
    expect(containerOf(spec, 'externals')).toMatchObject({
      image: RUNNER,
      command: ['cp', '-r', '/home/runner/externals/.', '/externals/'],
    });
  });

  test('has all options', () => {
    const all: Required<ActionsRunnerOptions> = {
      container: { image: RUNNER, name: 'other', resources: { cpu: { request: kplus.Cpu.units(1) } } },
      docker: { socketGroup: 7, daemon: { logDriver: 'local' } },
      work: SystemStorage.ephemeralClaim({ storage: Size.gibibytes(40) }),
      dockerWaitTimeout: Duration.seconds(9),
      labels: { team: 'ci' },
      annotations: { note: 'x' },
      system: { runtime: RuntimeReference.fromRuntimeClassName('sysbox') },
    };

    const { made, objects } = template(all);

    expect(made.metadata).toEqual({ labels: { team: 'ci' }, annotations: { note: 'x' } });
    expect(made.spec).toMatchObject({
      runtimeClassName: 'sysbox',
      securityContext: { supplementalGroups: [7] },
      containers: [{ name: 'runner', resources: { requests: { cpu: '1' } } }],
    });
    const runner = containerOf(made.spec, 'runner');
    expect(runner.env).toContainEqual({ name: 'RUNNER_WAIT_FOR_DOCKER_IN_SECONDS', value: '9' });
    const work = made.spec.volumes.find((v: { name: string }) => v.name === 'work');
    expect(work.ephemeral.volumeClaimTemplate.spec.resources.requests).toEqual({ storage: '40960Mi' });
    expect(JSON.parse(objects[0].data['daemon.json'])).toMatchObject({ 'log-driver': 'local', group: '7' });
  });

  test.each<[string, Partial<ActionsRunnerOptions>, string]>([
    [
      'an image without a tag',
      { container: { image: 'ghcr.io/actions/actions-runner' } },
      "test/runners: container 'runner': the image 'ghcr.io/actions/actions-runner' names no version",
    ],
    [
      'one claim for all runners',
      { work: SystemStorage.claim({ storage: Size.gibibytes(1) }) },
      'test/runners: all pods would share one claim. Use SystemStorage.ephemeralClaim()',
    ],
    [
      'a work directory that is not shared',
      { work: SystemStorage.nodeLocal() },
      'test/runners: the runner and the engine share the work directory, which needs a volume. Use SystemStorage.emptyDir() or ephemeralClaim()',
    ],
    [
      'what breaks a rule of system pods',
      { container: { image: RUNNER, securityContext: { privileged: true, allowPrivilegeEscalation: true } } },
      "container 'runner' is privileged",
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => template(options)).toThrow(message);
  });
});
