import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ApiObject, Chart, Include, Size, Testing, Yaml } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import * as kplus33 from 'cdk8s-plus-33';
import { IConstruct } from 'constructs';
import { DockerEngine, DockerEngineMode, DockerServer } from '../../src/docker';
import { EphemeralK3s, K3sNode } from '../../src/k3s';
import { SystemdMachine } from '../../src/systemd';
import { adopt, adoptAll, AdoptedWorkload, SystemStorage } from '../../src/workloads';
import { containerOf, Manifest } from '../docker/manifests';
import { workload } from '../rules/table';
import { newChart } from './kinds';

const plain = { containers: [{ name: 'main', image: 'a:1' }] };

/** Workloads of every origin: what they have in common is a pod template in their manifest. */
const ORIGINS: Record<string, (chart: Chart) => IConstruct> = {
  'a cdk8s-plus-30 workload': (chart) =>
    new kplus.Deployment(chart, 'it', { replicas: 1, containers: [{ image: 'a:1' }] }),
  'a cdk8s-plus-33 workload': (chart) =>
    new kplus33.Deployment(chart, 'it', { replicas: 1, containers: [{ image: 'a:1' }] }),
  'an L1 object': (chart) =>
    new kplus.k8s.KubeDeployment(chart, 'it', {
      spec: { selector: {}, template: { metadata: { labels: { app: 'it' } }, spec: plain } },
    }),
  'a plain object': (chart) => new ApiObject(chart, 'it', workload('Deployment', plain)),
  'an included object': (chart) => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'adopt-'));
    Yaml.save(path.join(directory, 'it.yaml'), [workload('Deployment', plain)]);
    const include = new Include(chart, 'file', { url: path.join(directory, 'it.yaml') });
    fs.rmSync(directory, { recursive: true });
    return include.apiObjects[0] as ApiObject;
  },
};

function adoptedFrom(origin: string, personality: (workload: AdoptedWorkload, chart: Chart) => unknown) {
  const chart = newChart();
  personality(adopt((ORIGINS[origin] as (chart: Chart) => IConstruct)(chart)), chart);
  const manifests: Manifest[] = Testing.synth(chart);
  const { spec, metadata } = manifests.find(({ kind }) => kind === 'Deployment').spec.template;
  return { spec, metadata, manifests, again: Testing.synth(chart) };
}

describe.each(Object.keys(ORIGINS))('%s', (origin) => {
  test('gets a Docker engine as a sidecar', () => {
    const { spec, manifests, again } = adoptedFrom(origin, (it) =>
      DockerEngine.on(it, { socketGroup: 123, storage: SystemStorage.emptyDir(Size.gibibytes(1)) }),
    );

    const [engine] = spec.initContainers;
    expect(engine).toMatchObject({
      name: 'docker',
      image: 'docker.io/library/docker:29-dind',
      restartPolicy: 'Always',
    });
    expect(engine.volumeMounts).toContainEqual({ name: 'docker-data', mountPath: '/var/lib/docker' });
    // what cdk8s-plus renders by default is not added to a container of ours
    expect(engine.securityContext?.readOnlyRootFilesystem).toBeUndefined();
    expect(spec.containers[0].env).toContainEqual({ name: 'DOCKER_HOST', value: 'unix:///docker-socket/docker.sock' });
    expect(spec.volumes).toContainEqual({ name: 'docker-data', emptyDir: { sizeLimit: '1024Mi' } });
    expect(spec).toMatchObject({ hostUsers: false, securityContext: { supplementalGroups: [123] } });
    const files = manifests.find(({ kind }) => kind === 'ConfigMap');
    expect(spec.volumes).toContainEqual({ name: 'docker-files', configMap: { name: files.metadata.name } });
    expect(again).toEqual(manifests);
  });

  test('gets a Docker engine in a container', () => {
    const { spec } = adoptedFrom(origin, (it) => DockerEngine.on(it, { mode: DockerEngineMode.IN_CONTAINER }));

    expect(spec.containers.map(({ name }: Manifest) => name)).toEqual(['main', 'docker']);
  });

  test('gets a systemd machine', () => {
    const { spec } = adoptedFrom(origin, (it) => SystemdMachine.on(it, { container: { image: 'debian-systemd:13' } }));

    expect(containerOf(spec, 'machine')).toMatchObject({ command: ['/sbin/init'], tty: true });
    expect(spec.terminationGracePeriodSeconds).toBe(100);
  });

  test('becomes a nested K3s node', () => {
    const { spec, manifests } = adoptedFrom(origin, (it) => K3sNode.on(it, { version: 'v1.36.2+k3s1' }));

    const k3s = containerOf(spec, 'k3s');
    expect(k3s).toMatchObject({ image: 'docker.io/rancher/k3s:v1.36.2-k3s1', startupProbe: { periodSeconds: 5 } });
    expect(k3s.args).toEqual(expect.arrayContaining(['server', '--node-name=$(NODE_NAME)']));
    const programs = manifests.find(({ kind }) => kind === 'ConfigMap');
    expect(spec.volumes).toContainEqual(
      expect.objectContaining({
        name: 'k3s-programs',
        configMap: expect.objectContaining({ name: programs.metadata.name }),
      }),
    );
    expect(spec).toMatchObject({ hostUsers: false, runtimeClassName: 'sysbox-runc' });
  });

  test('does not get a cluster for a test run, as its pods do not end', () => {
    expect(() => adoptedFrom(origin, (it) => EphemeralK3s.on(it, { version: 'v1.36.2+k3s1' }))).toThrow(
      'an ephemeral cluster ends with its pod, and a Deployment replaces the pod',
    );
  });

  test('gets a Service to its engine, by the labels of its pods', () => {
    const { metadata, manifests } = adoptedFrom(origin, (it, chart) =>
      DockerServer.on(it, { certificate: new kplus33.Secret(chart, 'certificate') }),
    );

    expect(manifests.find(({ kind }) => kind === 'Service').spec.selector).toEqual(metadata.labels);
  });
});

test.each<[string, (chart: Chart) => IConstruct]>([
  ['a cdk8s-plus-30 Job', (chart) => new kplus.Job(chart, 'it', { containers: [{ name: 'main', image: 'a:1' }] })],
  ['a cdk8s-plus-33 Job', (chart) => new kplus33.Job(chart, 'it', { containers: [{ name: 'main', image: 'a:1' }] })],
  ['an L1 Job', (chart) => new kplus.k8s.KubeJob(chart, 'it', { spec: { template: { spec: plain } } })],
  ['a plain Job', (chart) => new ApiObject(chart, 'it', workload('Job', plain))],
])('%s gets a cluster for a test run, which its containers find', (_, make) => {
  const chart = newChart();
  EphemeralK3s.on(adopt(make(chart)), { version: 'v1.36.2+k3s1' });

  const manifests: Manifest[] = Testing.synth(chart);
  const { spec } = manifests.find(({ kind }) => kind === 'Job').spec.template;
  expect(spec.initContainers).toMatchObject([{ name: 'k3s', restartPolicy: 'Always' }]);
  expect(spec).toMatchObject({ activeDeadlineSeconds: 3600, hostUsers: false, runtimeClassName: 'sysbox-runc' });
  const main = containerOf(spec, 'main');
  expect(main.env).toContainEqual({ name: 'KUBECONFIG', value: '/kubeconfig/k3s.yaml' });
  expect(main.volumeMounts).toContainEqual({ name: 'k3s-kubeconfig', mountPath: '/kubeconfig', readOnly: true });
});

test('an adopted workload is the owner of its object', () => {
  const chart = newChart();
  const object = new ApiObject(chart, 'it', workload('Pod', plain));

  const adopted = adopt(object);

  expect(adopted.apiObject).toBe(object);
  expect(ApiObject.of(adopted)).toBe(object);
});

test('labels and annotations can be added to adopted pods; theirs stay', () => {
  const { metadata } = adoptedFrom('a plain object', ({ podMetadata }) => {
    podMetadata.addLabel('team', 'ci');
    podMetadata.addLabel('app', 'other');
    podMetadata.addAnnotation('note', 'x');
  });

  expect(metadata).toEqual({ labels: { app: 'it', team: 'ci' }, annotations: { note: 'x' } });
});

test('containers and init containers that were added can be configured', () => {
  const { spec } = adoptedFrom('a plain object', (it, chart) => {
    it.addContainer({ name: 'shell', image: 'a:1' });
    it.addInitContainer({ name: 'first', image: 'a:1' });
    it.addVolume(kplus.Volume.fromEmptyDir(chart, 'v', 'scratch'));
    it.system.configureContainer('shell', { tty: true });
    expect([it.containers.length, it.initContainers.length]).toEqual([1, 1]);
  });

  expect(containerOf(spec, 'shell')).toEqual({ name: 'shell', image: 'a:1', tty: true });
  expect(containerOf(spec, 'first')).toEqual({ name: 'first', image: 'a:1' });
  expect(spec.volumes).toEqual([{ name: 'scratch', emptyDir: {} }]);
});

describe('refuses', () => {
  test('a Service to pods that nothing tells apart', () => {
    const chart = newChart();
    const it = adopt(new ApiObject(chart, 'it', { apiVersion: 'v1', kind: 'Pod', spec: plain }));

    expect(() => DockerServer.on(it, { certificate: kplus.Secret.fromSecretName(chart, 's', 'tls') })).toThrow(
      'test/it: the pods have no labels by which a Service could find them',
    );
  });

  test('several engines behind one Service', () => {
    const chart = newChart();
    const it = adopt(new kplus33.Deployment(chart, 'it', { replicas: 2, containers: [{ image: 'a:1' }] }));

    expect(() => DockerServer.on(it, { certificate: kplus.Secret.fromSecretName(chart, 's', 'tls') })).toThrow(
      'a Service would lead to several engines',
    );
  });

  test('a claim that several pods would share', () => {
    const chart = newChart();
    const service = new kplus33.Service(chart, 'service', { ports: [{ port: 80 }] });
    const it = adopt(new kplus33.StatefulSet(chart, 'it', { service, replicas: 2, containers: [{ image: 'a:1' }] }));

    expect(() => DockerEngine.on(it, { storage: SystemStorage.claim({ storage: Size.gibibytes(1) }) })).toThrow(
      "several pods of a StatefulSet can run at a time, and would share the claim 'docker-data'",
    );
  });

  test('what is not a Secret, with the class and the version that it has', () => {
    const chart = newChart();
    const configMap = new kplus33.ConfigMap(chart, 'c');

    expect(() =>
      DockerEngine.on(adopt(new ApiObject(chart, 'it', workload('Pod', plain))), { registryCredentials: configMap }),
    ).toThrow(
      /registryCredentials is a cdk8s-plus-33.ConfigMap \(\d+\.\d+\.\d+\)\. Expected a Secret, such as Secret.fromSecretName/,
    );
    expect(() => SystemStorage.fromStorage(configMap)).toThrow(
      /storage is a cdk8s-plus-33.ConfigMap .* Expected a Volume, such as Volume.fromPersistentVolumeClaim/,
    );
  });

  test('to adopt what is not there yet', () => {
    expect(() => adoptAll(newChart())).toThrow(
      'adoptAll: test has no workload yet. Call it after the workloads were created',
    );
  });
});

describe('on pods of another user', () => {
  const pod = (securityContext: object) => ({ ...plain, securityContext });
  const AS_USER = { runAsUser: 1000, runAsGroup: 1000, runAsNonRoot: true };
  const AS_ROOT = { runAsUser: 0, runAsGroup: 0, runAsNonRoot: false };
  const withUser = (personality: (workload: AdoptedWorkload) => unknown, securityContext: object = AS_USER) => {
    const chart = newChart();
    personality(adopt(new ApiObject(chart, 'it', workload('Pod', pod(securityContext)))));
    return Testing.synth(chart).find(({ kind }) => kind === 'Pod').spec;
  };

  test.each([
    [AS_USER, AS_ROOT],
    [{ runAsUser: 1000 }, { runAsUser: 0 }],
    [{ runAsNonRoot: true }, { runAsUser: 0, runAsNonRoot: false }],
    [{ runAsUser: 0, runAsNonRoot: false }, undefined],
  ])('an engine is root: %j', (given, own) => {
    const spec = withUser((it) => DockerEngine.on(it), given);

    expect(spec.initContainers[0].securityContext).toEqual(own);
    expect(spec.containers[0].securityContext).toBeUndefined();
    expect(spec.securityContext).toEqual(given);
  });

  test('a machine is root', () => {
    const spec = withUser((it) => SystemdMachine.on(it, { container: { image: 'debian-systemd:13' } }));

    expect(containerOf(spec, 'machine').securityContext).toEqual(AS_ROOT);
  });

  test.each([{ user: 1000 }, { ensureNonRoot: true }])(
    'refuses %j on the engine and on the machine',
    (securityContext) => {
      const container = { image: 'a:1', securityContext };
      const message =
        "needs root, which is nobody on the node. Leave out 'user' and 'ensureNonRoot' in its securityContext";

      expect(() => withUser((it) => DockerEngine.on(it, { container }))).toThrow(
        `test/it/System: container 'docker' ${message}`,
      );
      expect(() => withUser((it) => SystemdMachine.on(it, { container }))).toThrow(
        `test/it/System: container 'machine' ${message}`,
      );
    },
  );
});

test('storage of any version of cdk8s-plus', () => {
  const { spec } = adoptedFrom('a plain object', (it, chart) => {
    const volume = kplus33.Volume.fromEmptyDir(chart, 'v', 'theirs');
    return DockerEngine.on(it, { storage: SystemStorage.fromStorage(volume) });
  });

  expect(spec.volumes).toContainEqual({ name: 'theirs', emptyDir: {} });
});
