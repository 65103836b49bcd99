import { Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import {
  EphemeralDatastore,
  EphemeralK3s,
  EphemeralK3sOptions,
  K3sComponent,
  K3sInit,
  K3sRegistries,
} from '../../src/k3s';
import { SystemDaemonSet, SystemDeployment, SystemJob, SystemPod } from '../../src/workloads';
import { Manifest, only, synth } from '../support/synth';

const version = 'v1.36.2+k3s1';

function job(options: Partial<EphemeralK3sOptions> | ((chart: Chart) => Partial<EphemeralK3sOptions>) = {}): Manifest {
  const manifests = synth((chart) => {
    const it = new SystemJob(chart, 'it', { containers: [{ name: 'test', image: 'suite:1' }] });
    const given = typeof options === 'function' ? options(chart) : options;
    expect(EphemeralK3s.on(it, { version, ...given }).kubeconfig).toBe('/kubeconfig/k3s.yaml');
  });
  return only(manifests, 'Job').spec.template.spec;
}

const k3sOf = (pod: Manifest) => pod.initContainers[0];
const k3s = (options: Parameters<typeof job>[0] = {}) => k3sOf(job(options));

test('is a native sidecar without a claim, and the other containers start when it takes pods', () => {
  const pod = job();

  expect(pod.initContainers).toHaveLength(1);
  expect(k3sOf(pod)).toMatchObject({
    name: 'k3s',
    restartPolicy: 'Always',
    image: 'docker.io/rancher/k3s:v1.36.2-k3s1',
  });
  expect(k3sOf(pod).startupProbe.exec.command).toEqual(['sh', '-c', '[ -e /run/cdk8s-sysbox/started ]']);
  expect(k3sOf(pod).env).toContainEqual({ name: 'NODE_ROLE', value: 'ephemeral' });
  expect(k3sOf(pod)).not.toHaveProperty('lifecycle');
  expect(pod.volumes.filter((volume: Manifest) => volume.persistentVolumeClaim)).toEqual([]);
  expect(pod).toMatchObject({ hostUsers: false, activeDeadlineSeconds: 3600, automountServiceAccountToken: false });
});

test('nothing is started that a test run seldom needs', () => {
  expect(k3s().args).toEqual(
    expect.arrayContaining([
      'server',
      '--write-kubeconfig-mode=0644',
      '--disable-helm-controller',
      '--disable-cloud-controller',
      '--disable=metrics-server',
      '--disable=servicelb',
      '--disable=traefik',
    ]),
  );
});

test('what a component needs is started with it', () => {
  const { args } = k3s({ disable: [K3sComponent.METRICS_SERVER] });

  expect(args).not.toContain('--disable-helm-controller');
  expect(args).not.toContain('--disable-cloud-controller');
  expect(args).not.toContain('--disable=traefik');
});

test('every other container has the kubeconfig, init containers after the cluster and later ones too', () => {
  const manifests = synth((chart) => {
    const it = new SystemPod(chart, 'it', { initContainers: [{ name: 'setup', image: 'suite:1' }] });
    EphemeralK3s.on(it, { version });
    it.addContainer({ name: 'test', image: 'suite:1' });
    it.addContainer({ name: 'own', image: 'suite:1', envVariables: { KUBECONFIG: kplus.EnvValue.fromValue('/mine') } });
  });
  const pod = only(manifests, 'Pod').spec;

  expect(pod.initContainers.map((c: Manifest) => c.name)).toEqual(['k3s', 'setup']);
  for (const container of [pod.initContainers[1], pod.containers[0]]) {
    expect(container.env).toEqual([{ name: 'KUBECONFIG', value: '/kubeconfig/k3s.yaml' }]);
    expect(container.volumeMounts).toEqual([{ name: 'k3s-kubeconfig', mountPath: '/kubeconfig', readOnly: true }]);
  }
  expect(pod.containers[1].env).toEqual([{ name: 'KUBECONFIG', value: '/mine' }]);
  expect(pod.initContainers[0].volumeMounts).toContainEqual({ name: 'k3s-kubeconfig', mountPath: '/etc/rancher/k3s' });
  expect(pod.volumes).toContainEqual({ name: 'k3s-kubeconfig', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } });
});

describe('its objects are', () => {
  const memory = '--datastore-endpoint=memory://';
  const database = (pod: Manifest) => pod.volumes.find((volume: Manifest) => volume.name === 'k3s-db');

  test('in memory of K3s where the version has it', () => {
    for (const it of ['v1.37.0+k3s1', 'v1.40.1+k3s1']) {
      expect(k3s({ version: it }).args).toContain(memory);
      expect(database(job({ version: it }))).toBeUndefined();
    }
  });

  test('in SQLite on a tmpfs with an older one', () => {
    const pod = job();

    expect(k3sOf(pod).args).not.toContain(memory);
    expect(database(pod)).toEqual({ name: 'k3s-db', emptyDir: { medium: 'Memory', sizeLimit: '256Mi' } });
    expect(k3sOf(pod).volumeMounts).toContainEqual({ name: 'k3s-db', mountPath: '/var/lib/rancher/k3s/server/db' });
  });

  test('in SQLite on the disk on request', () => {
    const pod = job({ version: 'v1.37.0+k3s1', datastore: EphemeralDatastore.DISK });

    expect(k3sOf(pod).args).not.toContain(memory);
    expect(database(pod)).toBeUndefined();
  });
});

/** What each option of its own does; those of a server are shown for K3sNode. */
const effects = {
  images: [
    (chart: Chart) => ({ images: kplus.Volume.fromEmptyDir(chart, 'images', 'images') }),
    (pod: Manifest) =>
      expect(k3sOf(pod).volumeMounts).toContainEqual({
        name: 'images',
        mountPath: '/var/lib/rancher/k3s/agent/images',
        readOnly: true,
      }),
  ],
  network: [
    () => ({ network: { clusterCidr: '172.16.0.0/16' } }),
    (pod: Manifest) => expect(k3sOf(pod).args).toContain('--cluster-cidr=172.16.0.0/16'),
  ],
  registries: [
    (chart: Chart) => ({ registries: K3sRegistries.fromSecret(kplus.Secret.fromSecretName(chart, 's', 's')) }),
    (pod: Manifest) => expect(k3sOf(pod).args).toContain('--private-registry=/etc/rancher/registries/registries.yaml'),
  ],
  startTimeout: [
    () => ({ startTimeout: Duration.minutes(1) }),
    (pod: Manifest) => expect(k3sOf(pod).startupProbe.failureThreshold).toBe(12),
  ],
  timeToLive: [
    () => ({ timeToLive: Duration.minutes(5) }),
    (pod: Manifest) => expect(pod.activeDeadlineSeconds).toBe(300),
  ],
  resources: [
    () => ({ resources: { memory: { limit: Size.gibibytes(2) } } }),
    (pod: Manifest) => expect(k3sOf(pod).resources).toEqual({ limits: { memory: '2048Mi' } }),
  ],
} satisfies Record<string, [(chart: Chart) => Partial<EphemeralK3sOptions>, (pod: Manifest) => void]>;

test.each(Object.keys(effects) as (keyof typeof effects)[])('has the option %s', (option) => {
  const [given, effect] = effects[option];

  effect(job(given));
  expect(() => effect(job())).toThrow();
});

test.each([SystemDeployment, SystemDaemonSet])('refuses a %p, whose pods are replaced', (Kind) => {
  const make = () =>
    synth((chart) => {
      EphemeralK3s.on(new Kind(chart, 'it', {}), { version });
    });

  expect(make).toThrow(
    `test/it: an ephemeral cluster ends with its pod, and a ${Kind.name.replace('System', '')} replaces the pod. Use a SystemJob or a ` +
      'SystemPod, or K3sCluster for a cluster that stays',
  );
});

test('refuses systemd', () => {
  expect(() => job({ init: K3sInit.SYSTEMD, image: 'mirror/node:1' })).toThrow(
    'test/it: an ephemeral cluster has K3s as its first process. Leave init out',
  );
});
