import { Size } from 'cdk8s';
import {
  DockerAddressPool,
  DockerDaemonOptions,
  DockerEngine,
  DockerEngineMode,
  DockerMtu,
  DockerStorageDriver,
} from '../../src/docker';
import { SystemStorage } from '../../src/workloads';
import { containerOf, podWith } from './manifests';

const pool: Required<DockerAddressPool> = { base: '172.30.0.0/16', size: 24 };

/** One value for every option, so that a new option does not compile until it has a row here and in `rendered`. */
const everyOption: Required<DockerDaemonOptions> = {
  storageDriver: DockerStorageDriver.OVERLAY2,
  dataRoot: '/data/docker',
  registryMirrors: ['https://mirror.example.com'],
  insecureRegistries: ['registry.lan:5000', '10.1.0.0/16'],
  mtu: DockerMtu.of(1400),
  addressPools: [pool],
  bridgeAddress: '172.31.0.1/24',
  hostCidrs: ['10.0.0.0/8', 'fd00::/8'],
  logDriver: 'local',
  logOptions: { 'max-size': '10m' },
  features: { buildkit: true },
  extra: { 'max-concurrent-downloads': 2 },
};

const rendered: Record<Exclude<keyof DockerDaemonOptions, 'hostCidrs'>, object> = {
  storageDriver: { 'storage-driver': 'overlay2' },
  dataRoot: { 'data-root': '/data/docker' },
  registryMirrors: { 'registry-mirrors': ['https://mirror.example.com'] },
  insecureRegistries: { 'insecure-registries': ['registry.lan:5000', '10.1.0.0/16'] },
  mtu: { mtu: 1400, 'default-network-opts': { bridge: { 'com.docker.network.driver.mtu': '1400' } } },
  addressPools: { 'default-address-pools': [{ base: '172.30.0.0/16', size: 24 }] },
  bridgeAddress: { bip: '172.31.0.1/24' },
  logDriver: { 'log-driver': 'local' },
  logOptions: { 'log-opts': { 'max-size': '10m' } },
  features: { features: { buildkit: true } },
  extra: { 'max-concurrent-downloads': 2 },
};

const withDaemon = (daemon: DockerDaemonOptions) =>
  podWith((pod) => DockerEngine.on(pod, { mode: DockerEngineMode.IN_CONTAINER, daemon }));

describe('daemon.json', () => {
  test.each(Object.keys(rendered) as (keyof typeof rendered)[])('has the option %s', (option) => {
    expect(withDaemon({ [option]: everyOption[option] }).daemon).toMatchObject(rendered[option]);
    expect(withDaemon({}).daemon).not.toMatchObject(rendered[option]);
  });

  test('has all options together', () => {
    expect(withDaemon(everyOption).daemon).toEqual({
      hosts: ['unix:///var/run/docker.sock', 'unix:///docker-socket/docker.sock'],
      ...Object.assign({}, ...Object.values(rendered)),
    });
  });

  test('has nothing that was not asked for but the MTU of the pod, which engine.sh fills in', () => {
    expect(withDaemon({}).daemon).toEqual({
      hosts: ['unix:///var/run/docker.sock', 'unix:///docker-socket/docker.sock'],
      mtu: '@POD_MTU_NUMBER@',
      'default-network-opts': { bridge: { 'com.docker.network.driver.mtu': '@POD_MTU@' } },
    });
  });

  test("can leave the engine's own MTU", () => {
    expect(withDaemon({ mtu: DockerMtu.engineDefault() }).daemon).toEqual({ hosts: expect.any(Array) });
  });

  test('the storage is mounted at exactly the data root', () => {
    const { spec } = withDaemon({ dataRoot: '/data/docker' });

    expect(containerOf(spec, 'docker').volumeMounts).toContainEqual({
      name: 'docker-data',
      mountPath: '/data/docker',
    });
  });

  test('other content gives the ConfigMap another name, and the same content the same', () => {
    const name = (mtu: number) => withDaemon({ mtu: DockerMtu.of(mtu) }).configMap.metadata.name;

    expect(name(1400)).toBe(name(1400));
    expect(name(1400)).not.toBe(name(1401));
    expect(withDaemon({}).configMap.immutable).toBe(true);
  });

  test.each<[string, DockerDaemonOptions, string]>([
    [
      'a data root that is not a directory for data',
      { dataRoot: '/run/docker' },
      "test/it: daemon: dataRoot '/run/docker' is not a directory for data. Use '/var/lib/docker', or leave it out",
    ],
    ['a data root with ..', { dataRoot: '/var/../etc' }, "dataRoot '/var/../etc' is not a directory"],
    [
      'a mirror without scheme',
      { registryMirrors: ['mirror.example.com'] },
      "test/it: daemon: registryMirrors: 'mirror.example.com' is not a valid URL of a mirror. Write 'https://mirror.example.com', or 'https://mirror.example.com/path' with Docker 25 or later",
    ],
    [
      'an insecure registry with a scheme',
      { insecureRegistries: ['http://a'] },
      "test/it: daemon: insecureRegistries: 'http://a' is not a valid registry. Write 'host:port' without a scheme, or a CIDR",
    ],
    [
      'an address pool in the pod CIDR of K3s',
      { addressPools: [{ base: '10.42.7.0/24', size: 28 }] },
      "test/it: daemon: '10.42.7.0/24' overlaps '10.42.0.0/16' of the cluster, whose pods and services could not be reached. Give addressPools that lie elsewhere",
    ],
    [
      'an address pool that contains the service CIDR of K3s',
      { addressPools: [{ base: '10.0.0.0/8', size: 24 }] },
      "'10.0.0.0/8' overlaps '10.42.0.0/16'",
    ],
    [
      'a bridge in the service CIDR',
      { bridgeAddress: '10.43.0.1/24' },
      "test/it: daemon: '10.43.0.1/24' overlaps '10.43.0.0/16' of the cluster",
    ],
    [
      "the engine's own pools in a cluster that uses them",
      { hostCidrs: ['192.168.0.0/16'] },
      "test/it: daemon: '192.168.0.0/16', one of the engine's own pools, overlaps '192.168.0.0/16' of the cluster",
    ],
    [
      'an IPv6 pool in the cluster',
      { hostCidrs: ['fd00:1::/32'], addressPools: [{ base: 'fd00::/16', size: 64 }] },
      "'fd00::/16' overlaps 'fd00:1::/32'",
    ],
    [
      'a pool that is not a valid CIDR',
      { addressPools: [{ base: '10.0.0.0', size: 24 }] },
      "addressPools: '10.0.0.0' is not a valid CIDR",
    ],
    [
      'a cluster CIDR that is none',
      { hostCidrs: ['x'] },
      "test/it: daemon: hostCidrs: 'x' is not a valid CIDR. Write it as '10.52.0.0/16'",
    ],
    [
      'a bridge that is not a valid CIDR',
      { bridgeAddress: '172.30.0.1' },
      "bridgeAddress: '172.30.0.1' is not a valid CIDR",
    ],
    [
      'a pool that does not begin where it says',
      { addressPools: [{ base: '172.30.1.0/16', size: 24 }] },
      "test/it: daemon: addressPools: '172.30.1.0/16' is an address within a CIDR. Write the CIDR itself: '172.30.0.0/16'",
    ],
    [
      'networks larger than their pool',
      { addressPools: [{ base: '172.30.0.0/16', size: 8 }] },
      "test/it: daemon: addressPools: a size of 8 does not fit '172.30.0.0/16'. Use 16 to 30",
    ],
    [
      'networks without room for a container',
      { addressPools: [{ base: '172.30.0.0/16', size: 31 }] },
      'a size of 31 does not fit',
    ],
    [
      'two ways to keep layers',
      { storageDriver: DockerStorageDriver.OVERLAY2, features: { 'containerd-snapshotter': true } },
      "test/it: daemon: storageDriver 'overlay2' and the feature containerd-snapshotter exclude each other. Leave one out",
    ],
    ['a key that has a prop', { extra: { mtu: 1 } }, "test/it: daemon: extra has 'mtu': use the prop mtu"],
    [
      'nested user namespaces',
      { extra: { 'userns-remap': 'default' } },
      "extra has 'userns-remap': leave it out, as Sysbox has no nested user namespaces",
    ],
    [
      'hosts',
      { extra: { hosts: [] } },
      "extra has 'hosts': leave it out: the mode of the engine says where it listens",
    ],
  ])('refuses %s', (_, daemon, message) => {
    expect(() => withDaemon(daemon)).toThrow(message);
  });

  test.each([0, 67, 65536, 1450.5])('refuses an MTU of %d', (bytes) => {
    expect(() => DockerMtu.of(bytes)).toThrow(
      `DockerMtu.of(): ${bytes} is not a valid MTU. Use a whole number from 68 to 65535, or DockerMtu.ofPod()`,
    );
  });

  test('refuses a data root on which nothing is mounted', () => {
    const options = { daemon: { dataRoot: '/data' }, storage: SystemStorage.nodeLocal() };

    expect(() => podWith((pod) => DockerEngine.on(pod, { ...options, mode: DockerEngineMode.IN_CONTAINER }))).toThrow(
      "test/it: Sysbox mounts nothing at the dataRoot '/data'. Give storage other than SystemStorage.nodeLocal(), or leave dataRoot out",
    );
  });

  test('takes a data root on other storage', () => {
    const options = { daemon: { dataRoot: '/data' }, storage: SystemStorage.emptyDir(Size.gibibytes(1)) };

    expect(
      podWith((pod) => DockerEngine.on(pod, { ...options, mode: DockerEngineMode.IN_CONTAINER })).daemon['data-root'],
    ).toBe('/data');
  });
});

describe("an image of Docker's own", () => {
  const withImage = (image: string, daemon: DockerDaemonOptions = {}) => {
    return () => podWith((pod) => DockerEngine.on(pod, { container: { image }, daemon }));
  };
  const withPath = { registryMirrors: ['https://mirror.example.com/v2/hub'] };

  test.each(['docker:23-dind', 'docker:20.10.24-dind', 'docker.io/library/docker:23.0'])('%s is too old', (image) => {
    expect(withImage(image)).toThrow(
      `test/it: container 'docker': '${image}' is too old for the MTU of its networks. Use Docker 24 or later, such as 'docker.io/library/docker:29-dind'`,
    );
  });

  test('before Docker 25 is too old for a mirror with a path', () => {
    expect(withImage('docker:24-dind', withPath)).toThrow(
      "'docker:24-dind' is too old for a registry mirror with a path. Use Docker 25 or later",
    );
  });

  test.each([
    ['docker:24-dind', {}],
    ['docker:25-dind', withPath],
    ['registry.example.com/docker:1', withPath],
    ['docker:dind', withPath],
  ])('%s is taken with %j', (image, daemon) => {
    expect(withImage(image, daemon)).not.toThrow();
  });

  test('a mirror with a path is written as it is', () => {
    expect(podWith((pod) => DockerEngine.on(pod, { daemon: withPath })).daemon['registry-mirrors']).toEqual(
      withPath.registryMirrors,
    );
  });
});
