import { Duration, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { DockerEngine, DockerEngineMode, DockerEngineOptions } from '../../src/docker';
import { PodSecurityLevel, SystemPod, SystemStatefulSet, SystemStorage } from '../../src/workloads';
import { kinds, newChart, podSpecIn } from '../workloads/kinds';
import { byKind, checked, containerOf, podWith } from './manifests';

const client: kplus.ContainerProps = { name: 'client', image: 'docker:29-cli', command: ['docker', 'ps'] };
const DIRECTORY = '/opt/cdk8s-sysbox/docker';
const SOCKET = { name: 'docker-socket', mountPath: '/docker-socket' };
const DOCKER_HOST = { name: 'DOCKER_HOST', value: 'unix:///docker-socket/docker.sock' };

describe.each(Object.values(kinds))('in a $name', (kind) => {
  test('a sidecar starts before the others, which get its socket', () => {
    const chart = newChart();
    const workload = kind.make(chart, 'it', { initContainers: [{ ...client, name: 'first' }] });

    const engine = DockerEngine.on(workload, { mode: DockerEngineMode.SIDECAR });
    workload.addContainer(client);

    const spec = podSpecIn(kind, chart);
    expect(spec.initContainers.map((c: { name: string }) => c.name)).toEqual(['docker', 'first']);
    expect(spec.initContainers[0]).toMatchObject({
      image: DockerEngine.DEFAULT_IMAGE,
      restartPolicy: 'Always',
      command: checked(Testing.synth(chart), DIRECTORY, 'engine.sh'),
      args: ['dockerd'],
      startupProbe: {
        exec: { command: ['/bin/sh', '/opt/cdk8s-sysbox/docker/engine.sh', 'answers'] },
        periodSeconds: 2,
        failureThreshold: 60,
      },
    });
    for (const name of ['first', 'client']) {
      expect(containerOf(spec, name)).toMatchObject({ env: [DOCKER_HOST], volumeMounts: [SOCKET] });
    }
    expect(engine.dockerHost).toBe(DOCKER_HOST.value);
    expect(engine.container.name).toBe('docker');
  });

  test('an engine in a container of the pod', () => {
    const chart = newChart();
    const workload = kind.make(chart, 'it', { containers: [client] });

    DockerEngine.on(workload, { mode: DockerEngineMode.IN_CONTAINER });

    const spec = podSpecIn(kind, chart);
    expect(spec.initContainers).toBeUndefined();
    expect(containerOf(spec, 'docker')).toMatchObject({
      command: checked(Testing.synth(chart), DIRECTORY, 'engine.sh'),
      args: ['dockerd'],
      startupProbe: { exec: { command: ['/bin/sh', '/opt/cdk8s-sysbox/docker/engine.sh', 'answers'] } },
      readinessProbe: { exec: { command: ['/bin/sh', '/opt/cdk8s-sysbox/docker/engine.sh', 'runs'] } },
    });
    expect(containerOf(spec, 'client')).toMatchObject({ env: [DOCKER_HOST], volumeMounts: [SOCKET] });
  });
});

describe('the engine', () => {
  test('runs next to the command of its container, without a probe that the command outlives', () => {
    const container = { image: 'ci:1', command: ['make'], args: ['image'] };
    const options = { container, startTimeout: Duration.seconds(30) };

    const { spec, configMap } = podWith((pod) =>
      DockerEngine.on(pod, { ...options, mode: DockerEngineMode.IN_CONTAINER }),
    );

    expect(spec.containers[0]).toMatchObject({
      command: checked([configMap], DIRECTORY, 'engine.sh'),
      args: ['dockerd', '--', 'make', 'image'],
      env: [{ name: 'DOCKER_START_SECONDS', value: '30' }],
    });
    expect(spec.containers[0].startupProbe).toBeUndefined();
    expect(spec.containers[0].readinessProbe).toBeUndefined();
  });

  test('has its data on an emptyDir with a limit, at exactly the special directory', () => {
    const { spec } = podWith((pod) => DockerEngine.on(pod, { mode: DockerEngineMode.IN_CONTAINER }));

    expect(containerOf(spec, 'docker').volumeMounts).toContainEqual({
      name: 'docker-data',
      mountPath: '/var/lib/docker',
    });
    expect(spec.volumes).toContainEqual({ name: 'docker-data', emptyDir: { sizeLimit: '20480Mi' } });
  });

  test('has its socket where a tmpfs at /run does not hide it', () => {
    const { spec } = podWith((pod) => DockerEngine.on(pod, { mode: DockerEngineMode.SIDECAR }), {
      containers: [client],
    });
    const paths = [...spec.containers, ...spec.initContainers].flatMap((c) => c.volumeMounts.map(pathOf));

    expect(paths.filter((path) => path.startsWith('/run') || path.startsWith('/var/run'))).toEqual([]);
  });

  test.each([
    ['a claim of a StatefulSet', SystemStorage.claim({ storage: Size.gibibytes(50) })],
    ['an ephemeral claim', SystemStorage.ephemeralClaim({ storage: Size.gibibytes(50) })],
  ])('keeps both places that Docker 29 has for layers on %s', (_, storage) => {
    const chart = Testing.chart();
    const service = new kplus.Service(chart, 'service', { ports: [{ port: 80 }] });
    const set = new SystemStatefulSet(chart, 'it', { service });

    DockerEngine.on(set, { mode: DockerEngineMode.IN_CONTAINER, storage });

    const { spec } = byKind(chart).StatefulSet;
    const snapshots = 'containerd/io.containerd.snapshotter.v1.overlayfs';
    expect(spec.template.spec.containers[0].volumeMounts).toEqual(
      expect.arrayContaining([
        { name: 'docker-data', mountPath: '/var/lib/docker', subPath: 'docker' },
        { name: 'docker-data', mountPath: '/var/lib/containerd', subPath: 'containerd' },
        { name: 'docker-data', mountPath: `/var/lib/${snapshots}`, subPath: snapshots },
      ]),
    );
    const names = (spec.volumeClaimTemplates ?? []).map((c: { metadata: { name: string } }) => c.metadata.name);
    const inPod = spec.template.spec.volumes.find((v: { name: string }) => v.name === 'docker-data');
    expect(names.length + (inPod?.ephemeral ? 1 : 0)).toBe(1);
  });

  test('other containers can have a DOCKER_HOST of their own', () => {
    const own = { ...client, envVariables: { DOCKER_HOST: kplus.EnvValue.fromValue('tcp://elsewhere:2376') } };

    const { spec } = podWith((pod) => DockerEngine.on(pod, { mode: DockerEngineMode.SIDECAR }), { containers: [own] });

    expect(spec.containers[0].env).toEqual([{ name: 'DOCKER_HOST', value: 'tcp://elsewhere:2376' }]);
    expect(spec.containers[0].volumeMounts).toBeUndefined();
  });

  test('stays a pod that Pod Security Restricted admits', () => {
    const chart = Testing.chart();
    const pod = new SystemPod(chart, 'it', {
      containers: [client],
      system: { podSecurity: PodSecurityLevel.RESTRICTED },
    });

    DockerEngine.on(pod, { mode: DockerEngineMode.SIDECAR });

    for (const container of [...byKind(chart).Pod.spec.containers, ...byKind(chart).Pod.spec.initContainers]) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  test('renders the same twice', () => {
    const chart = Testing.chart();
    DockerEngine.on(new SystemPod(chart, 'it', { containers: [client] }), {
      mode: DockerEngineMode.SIDECAR,
      socketGroup: 7,
    });

    expect(Testing.synth(chart)).toEqual(Testing.synth(chart));
  });
});

/** One value for every option, so that a new option does not compile until it has a row here and in `rendered`. */
const everyOption = (pod: SystemPod): Required<DockerEngineOptions> => ({
  container: {
    image: `dind@sha256:${'0'.repeat(64)}`,
    name: 'engine',
    resources: { cpu: { limit: kplus.Cpu.units(2) } },
  },
  daemon: { logDriver: 'local' },
  storage: SystemStorage.emptyDir(Size.gibibytes(3)),
  registryCredentials: kplus.Secret.fromSecretName(pod, 'secret', 'registries'),
  socketGroup: 123,
  sharedDirectories: ['/work'],
  startTimeout: Duration.seconds(61),
  mode: DockerEngineMode.IN_CONTAINER,
});

const credentials = { name: 'docker-credentials', mountPath: '/opt/cdk8s-sysbox/docker-config', readOnly: true };
const rendered: Record<keyof DockerEngineOptions, (made: ReturnType<typeof podWith>) => void> = {
  container: ({ spec }) => {
    expect(spec.initContainers[0]).toMatchObject({ name: 'engine', resources: { limits: { cpu: '2' } } });
    expect(spec.initContainers[0].image).toContain('@sha256:');
  },
  daemon: ({ daemon }) => expect(daemon['log-driver']).toBe('local'),
  storage: ({ spec }) =>
    expect(spec.volumes).toContainEqual({ name: 'docker-data', emptyDir: { sizeLimit: '3072Mi' } }),
  registryCredentials: ({ spec }) => {
    expect(spec.volumes).toContainEqual({
      name: 'docker-credentials',
      secret: { secretName: 'registries', items: [{ key: '.dockerconfigjson', path: 'config.json' }] },
    });
    const env = expect.arrayContaining([{ name: 'DOCKER_CONFIG', value: '/opt/cdk8s-sysbox/docker-config' }]);
    expect(spec.containers[0]).toMatchObject({ env, volumeMounts: expect.arrayContaining([credentials]) });
    // buildx writes its state next to config.json otherwise
    expect(spec.containers[0].env).toContainEqual({ name: 'BUILDX_CONFIG', value: '/tmp/buildx' });
    // the engine itself needs none
    expect(spec.initContainers[0].volumeMounts).not.toContainEqual(credentials);
  },
  socketGroup: ({ spec, daemon }) => {
    expect(daemon.group).toBe('123');
    expect(spec.securityContext).toEqual({ supplementalGroups: [123] });
  },
  sharedDirectories: ({ spec }) => {
    for (const container of [spec.containers[0], spec.initContainers[0]]) {
      expect(container.volumeMounts).toContainEqual({ name: 'docker-shared-0', mountPath: '/work' });
    }
    expect(spec.volumes).toContainEqual({ name: 'docker-shared-0', emptyDir: {} });
  },
  startTimeout: ({ spec }) => expect(spec.initContainers[0].startupProbe.failureThreshold).toBe(31),
  mode: ({ spec }) => expect(spec.containers[1].args).toEqual(['dockerd']),
};

test('in its own container the command next to the engine has the credentials', () => {
  const { spec } = podWith((pod) =>
    DockerEngine.on(pod, {
      mode: DockerEngineMode.IN_CONTAINER,
      container: { image: 'ci:1', command: ['make'] },
      registryCredentials: kplus.Secret.fromSecretName(pod, 'secret', 'registries'),
    }),
  );

  expect(spec.containers[0].volumeMounts).toContainEqual(credentials);
});

describe('has the option', () => {
  const withOptions = (pick: (pod: SystemPod) => DockerEngineOptions) =>
    podWith((pod) => DockerEngine.on(pod, pick(pod)), { containers: [client] });

  test.each(Object.keys(rendered) as (keyof DockerEngineOptions)[])('%s', (option) => {
    rendered[option](withOptions((pod) => ({ [option]: everyOption(pod)[option] })));
    expect(() => rendered[option](withOptions(() => ({})))).toThrow();
  });

  test('with all others', () => {
    const { mode, ...others } = rendered;
    mode(withOptions(everyOption));
    const sidecar = withOptions((pod) => ({ ...everyOption(pod), mode: DockerEngineMode.SIDECAR }));
    for (const check of Object.values(others)) check(sidecar);
  });
});

const tls = { image: 'docker' };
test.each<[string, (pod: SystemPod) => unknown, string]>([
  [
    'two engines',
    (pod) => [
      DockerEngine.on(pod, { mode: DockerEngineMode.SIDECAR }),
      DockerEngine.on(pod, { mode: DockerEngineMode.IN_CONTAINER }),
    ],
    'test/it: a pod has one Docker engine, and this one has one already. Use a workload of its own',
  ],
  [
    'an image without a tag',
    (pod) => DockerEngine.on(pod, { mode: DockerEngineMode.SIDECAR, container: tls }),
    "test/it: container 'docker': the image 'docker' names no version. Add a tag such as ':1.2', or a digest '@sha256:…'",
  ],
  [
    'the tag latest',
    (pod) => DockerEngine.on(pod, { mode: DockerEngineMode.IN_CONTAINER, container: { image: 'docker:latest' } }),
    "the image 'docker:latest' names no version",
  ],
  [
    'a command of the sidecar',
    (pod) => DockerEngine.on(pod, { mode: DockerEngineMode.SIDECAR, container: { image: 'a:1', command: ['x'] } }),
    "test/it: container 'docker' is the engine and takes no command. Put it into another container, or use DockerEngineMode.IN_CONTAINER",
  ],
  [
    'a group that no pod has',
    (pod) => DockerEngine.on(pod, { mode: DockerEngineMode.SIDECAR, socketGroup: 65536 }),
    'test/it: socketGroup 65536 is not a valid group id of a pod. Use a number from 1 to 65535',
  ],
  [
    'a relative shared directory',
    (pod) => DockerEngine.on(pod, { mode: DockerEngineMode.SIDECAR, sharedDirectories: ['work'] }),
    "test/it: sharedDirectories: 'work' is not an absolute path without '..'",
  ],
])('refuses %s', (_, apply, message) => {
  expect(() => podWith(apply)).toThrow(message);
});

function pathOf(mount: { mountPath: string }): string {
  return mount.mountPath;
}
