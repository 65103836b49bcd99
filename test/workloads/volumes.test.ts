import { Duration, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import {
  ClaimOptions,
  DownwardApiFile,
  FilesOptions,
  ProjectedSource,
  ServiceAccountTokenOptions,
  SpecialDirectory,
  SystemPod,
  SystemVolume,
} from '../../src/workloads';
import { newChart } from './kinds';

type Make = (pod: SystemPod) => kplus.Volume;

function volumeOf(make: Make) {
  const chart = newChart();
  const pod = new SystemPod(chart, 'it', { containers: [{ image: 'a:1' }] });
  pod.containers[0]?.mount('/v', make(pod));
  const [volume] = Testing.synth(chart)[0].spec.volumes;
  return volume;
}

const everyClaimOption: Required<ClaimOptions> = {
  storage: Size.gibibytes(1),
  storageClassName: 'local-path',
  accessModes: [kplus.PersistentVolumeAccessMode.READ_WRITE_ONCE],
  labels: { app: 'x' },
  annotations: { note: 'y' },
};

test('a claim that lives as long as its pod', () => {
  expect(volumeOf((pod) => SystemVolume.fromEphemeralClaim(pod, 'v', 'cache', everyClaimOption))).toEqual({
    name: 'cache',
    ephemeral: {
      volumeClaimTemplate: {
        metadata: { labels: { app: 'x' }, annotations: { note: 'y' } },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1024Mi' } },
          storageClassName: 'local-path',
        },
      },
    },
  });
});

const everyTokenOption: Required<ServiceAccountTokenOptions> = {
  path: 'token',
  audience: 'vault',
  expiration: Duration.minutes(10),
};
const everyFilesOption: Required<FilesOptions> = { defaultMode: 0o400 };
const resourceFile: DownwardApiFile = {
  path: 'cpu',
  resource: kplus.ResourceFieldPaths.CPU_LIMIT,
  container: 'main',
};
const fieldFile: DownwardApiFile = { path: 'labels', field: 'metadata.labels' };

test('several sources in one directory', () => {
  const volume = volumeOf((pod) => {
    const secret = kplus.Secret.fromSecretName(pod, 's', 'tls');
    const configMap = kplus.ConfigMap.fromConfigMapName(pod, 'c', 'conf');
    const sources = [
      ProjectedSource.secret(secret, { 'tls.key': { path: 'k' }, 'tls.crt': { path: 'c', mode: 0o444 } }),
      ProjectedSource.configMap(configMap),
      ProjectedSource.serviceAccountToken(everyTokenOption),
      ProjectedSource.downwardApi([fieldFile]),
    ];
    return SystemVolume.fromProjected(pod, 'v', 'all', sources, everyFilesOption);
  });

  expect(volume).toEqual({
    name: 'all',
    projected: {
      defaultMode: 0o400,
      sources: [
        {
          secret: {
            name: 'tls',
            items: [
              { key: 'tls.crt', path: 'c', mode: 0o444 },
              { key: 'tls.key', path: 'k' },
            ],
          },
        },
        { configMap: { name: 'conf' } },
        { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } },
        { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      ],
    },
  });
});

test('fields of the pod as files', () => {
  const files = [fieldFile, resourceFile];

  expect(volumeOf((pod) => SystemVolume.fromDownwardApi(pod, 'v', 'me', files, everyFilesOption))).toEqual({
    name: 'me',
    downwardAPI: {
      defaultMode: 0o400,
      items: [
        { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
        { path: 'cpu', resourceFieldRef: { resource: 'limits.cpu', containerName: 'main' } },
      ],
    },
  });
});

test.each<[string, Make, string]>([
  [
    'a bad name',
    (p) => SystemVolume.fromEphemeralClaim(p, 'v', 'A', everyClaimOption),
    "volume 'A' is not a valid DNS label",
  ],
  ['no source', (p) => SystemVolume.fromProjected(p, 'v', 'all', []), "projected volume 'all' has no source"],
  ['no file', (p) => SystemVolume.fromDownwardApi(p, 'v', 'me', []), "downward API volume 'me' has no file"],
  [
    'a bad mode',
    (p) => SystemVolume.fromDownwardApi(p, 'v', 'me', [fieldFile], { defaultMode: 644 }),
    "volume 'me': defaultMode 644 is not a valid file mode. Use 0 to 0o777",
  ],
  [
    'a path that leaves the volume',
    (p) => SystemVolume.fromDownwardApi(p, 'v', 'me', [{ ...fieldFile, path: 'a/../../b' }]),
    "downward API file 'a/../../b': the path must be relative and without '..'",
  ],
  [
    'a field that a volume cannot show',
    (p) => SystemVolume.fromDownwardApi(p, 'v', 'me', [{ path: 'a', field: 'spec.nodeName' }]),
    "downward API file 'a': a volume cannot show 'spec.nodeName'. Use metadata.name, namespace, uid, labels or",
  ],
  [
    'a token that leaves the volume',
    (p) => SystemVolume.fromProjected(p, 'v', 'all', [ProjectedSource.serviceAccountToken({ path: '/t' })]),
    "service account token '/t': the path must be relative and without '..'",
  ],
  [
    'a size that is none, from JavaScript',
    (p) => SystemVolume.fromEphemeralClaim(p, 'v', 'a', { storage: '20Gi' as unknown as Size }),
    "storage of a claim is '20Gi', which is not a Size. Write Size.gibibytes(20)",
  ],
  [
    'a bad storage class',
    (p) => SystemVolume.fromEphemeralClaim(p, 'v', 'a', { ...everyClaimOption, storageClassName: 'A' }),
    "storageClassName of a claim 'A' is not a valid DNS subdomain name",
  ],
  [
    'a bad label of a claim',
    (p) => SystemVolume.fromEphemeralClaim(p, 'v', 'a', { ...everyClaimOption, labels: { a: 'b c' } }),
    "labels of a claim: 'b c' (of 'a') is not a valid label value",
  ],
  [
    'a bad annotation of a claim',
    (p) => SystemVolume.fromEphemeralClaim(p, 'v', 'a', { ...everyClaimOption, annotations: { 'a b': 'c' } }),
    "annotations of a claim: 'a b' is not a valid label key",
  ],
  [
    'no access mode',
    (p) => SystemVolume.fromEphemeralClaim(p, 'v', 'a', { ...everyClaimOption, accessModes: [] }),
    'accessModes of a claim is empty. Give one, or leave it out',
  ],
  [
    'a file of both kinds',
    (p) => SystemVolume.fromDownwardApi(p, 'v', 'me', [{ ...fieldFile, ...resourceFile }]),
    "downward API file 'cpu' needs exactly one of 'field' and 'resource'",
  ],
  [
    'a file of no kind',
    (p) => SystemVolume.fromDownwardApi(p, 'v', 'me', [{ path: 'x' }]),
    "downward API file 'x' needs exactly one of 'field' and 'resource'",
  ],
  [
    'a resource of no container',
    (p) => SystemVolume.fromDownwardApi(p, 'v', 'me', [{ ...resourceFile, container: undefined }]),
    "downward API file 'cpu' names a resource of no container. Set 'container'",
  ],
  [
    'a token that lives too short',
    (p) => {
      const token = ProjectedSource.serviceAccountToken({ path: 't', expiration: Duration.minutes(9) });
      return SystemVolume.fromProjected(p, 'v', 'all', [token]);
    },
    'a service account token lives for 10 minutes or more, not for 540 s',
  ],
])('refuses %s', (_, make, message) => {
  expect(() => volumeOf(make)).toThrow(message);
});

describe('special directories', () => {
  test.each([
    [SpecialDirectory.DOCKER, '/var/lib/docker'],
    [SpecialDirectory.CONTAINERD, '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs'],
    [SpecialDirectory.KUBELET, '/var/lib/kubelet'],
    [SpecialDirectory.K3S, '/var/lib/rancher/k3s'],
    [SpecialDirectory.RKE2, '/var/lib/rancher/rke2'],
    [SpecialDirectory.K0S, '/var/lib/k0s'],
    [SpecialDirectory.BUILDKIT, '/var/lib/buildkit'],
    [SpecialDirectory.fromImage('/data/docker/'), '/data/docker'],
  ])('%j is mounted at exactly %s', (directory, path) => {
    const chart = newChart();
    const pod = new SystemPod(chart, 'it', { containers: [{ image: 'a:1' }] });
    const [container] = pod.containers;

    directory.mount(container!, kplus.Volume.fromEmptyDir(pod, 'v', 'data'), { subPath: 'a' });

    const [rendered] = Testing.synth(chart)[0].spec.containers;
    expect(rendered.volumeMounts).toEqual([{ name: 'data', mountPath: path, subPath: 'a' }]);
  });

  test('refuses what is not a container, and what is not storage', () => {
    const pod = new SystemPod(newChart(), 'it', { containers: [{ image: 'a:1' }] });
    const volume = kplus.Volume.fromEmptyDir(pod, 'v', 'data');

    expect(() => SpecialDirectory.DOCKER.mount(pod, volume)).toThrow(
      /^\/var\/lib\/docker: the container is a cdk8s-plus-30\.Pod .*\. Expected a container of cdk8s-plus, such as/,
    );
    expect(() => SpecialDirectory.DOCKER.mount(pod.containers[0], pod)).toThrow(
      /^\/var\/lib\/docker: storage is a cdk8s-plus-30\.Pod .*\. Expected a Volume, such as Volume.fromPersistentVolumeClaim/,
    );
  });

  test('refuses a mount that an engine cannot write to', () => {
    const pod = new SystemPod(newChart(), 'it', { containers: [{ image: 'a:1' }] });
    const volume = kplus.Volume.fromEmptyDir(pod, 'v', 'data');

    expect(() => SpecialDirectory.DOCKER.mount(pod.containers[0]!, volume, { readOnly: true })).toThrow(
      'test/it/v: an engine writes to /var/lib/docker. Do not mount it read-only',
    );
  });

  test.each(['data', '/data/../docker'])('refuses the path %s', (path) => {
    expect(() => SpecialDirectory.fromImage(path)).toThrow(`special directory '${path}' must be an absolute path`);
  });
});
