import { SPECIAL_DIRECTORIES } from '../rules/special-directories';
import { Cidr } from '../core/cidr';
import { DockerDaemonOptions } from './daemon-options';
import { DockerMtu } from './docker-mtu';

/** Pod and service CIDRs of K3s and RKE2. */
const CLUSTER_CIDRS = ['10.42.0.0/16', '10.43.0.0/16'];

/** What the engine takes networks from by default. Source: moby libnetwork/ipamutils. */
const ENGINE_POOLS = ['172.17.0.0/16', '172.18.0.0/15', '172.20.0.0/14', '172.24.0.0/13', '192.168.0.0/16'];

/** Keys of daemon.json that a prop sets, for each prop: a new one does not compile until it stands here. */
const KEYS_OF_PROP = {
  storageDriver: ['storage-driver'],
  dataRoot: ['data-root'],
  registryMirrors: ['registry-mirrors'],
  insecureRegistries: ['insecure-registries'],
  mtu: ['mtu', 'default-network-opts'],
  addressPools: ['default-address-pools'],
  bridgeAddress: ['bip'],
  hostCidrs: [],
  logDriver: ['log-driver'],
  logOptions: ['log-opts'],
  features: ['features'],
  extra: [],
} satisfies Record<keyof DockerDaemonOptions, string[]>;

const LISTENING = ['hosts', 'tls', 'tlsverify', 'tlscacert', 'tlscert', 'tlskey'];

const RESERVED_KEYS: Record<string, string> = {
  ...Object.fromEntries(
    Object.entries(KEYS_OF_PROP).flatMap(([prop, keys]) => keys.map((key) => [key, `use the prop ${prop}`])),
  ),
  ...Object.fromEntries(LISTENING.map((key) => [key, 'leave it out: the mode of the engine says where it listens'])),
  group: 'use the prop socketGroup of the engine',
  'userns-remap': 'leave it out, as Sysbox has no nested user namespaces: root inside is nobody on the node already',
};

/**
 * Where the engine keeps its data.
 *
 * @internal
 */
export function dataRootOf(daemon: DockerDaemonOptions): string {
  return daemon.dataRoot ?? SPECIAL_DIRECTORIES.docker;
}

/**
 * The text of daemon.json, with placeholders where engine.sh fills in the pod's MTU.
 *
 * @param daemon what the user says
 * @param own what the mode of the engine says
 * @param where construct path, for messages
 * @internal
 */
export function daemonJson(daemon: DockerDaemonOptions, own: Record<string, unknown>, where: string): string {
  assertDaemon(daemon, `${where}: daemon`);
  const settings = {
    ...own,
    'storage-driver': daemon.storageDriver,
    'data-root': daemon.dataRoot,
    'registry-mirrors': daemon.registryMirrors,
    'insecure-registries': daemon.insecureRegistries,
    ...(daemon.mtu ?? DockerMtu.ofPod())._toJson(),
    bip: daemon.bridgeAddress,
    'default-address-pools': daemon.addressPools?.map(({ base, size }) => ({ base, size })),
    'log-driver': daemon.logDriver,
    'log-opts': daemon.logOptions,
    features: daemon.features,
    ...daemon.extra,
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}

function assertDaemon(daemon: DockerDaemonOptions, where: string): void {
  assertDataRoot(daemon, where);
  assertRegistries(daemon, where);
  assertAddresses(daemon, where);
  assertExtra(daemon, where);
  if (daemon.storageDriver !== undefined && daemon.features?.['containerd-snapshotter']) {
    throw new Error(
      `${where}: storageDriver '${daemon.storageDriver}' and the feature containerd-snapshotter exclude each other. Leave one out`,
    );
  }
}

function assertDataRoot(daemon: DockerDaemonOptions, where: string): void {
  const path = dataRootOf(daemon);
  const bad = !/^(\/[A-Za-z0-9._-]+)+$/.test(path) || path.split('/').includes('..');
  if (bad || /^\/(run|proc|sys|dev)(\/|$)/.test(path)) {
    throw new Error(`${where}: dataRoot '${path}' is not a directory for data. Use '/var/lib/docker', or leave it out`);
  }
}

function assertRegistries(daemon: DockerDaemonOptions, where: string): void {
  for (const mirror of daemon.registryMirrors ?? []) {
    if (!/^https?:\/\/[^/?#\s@]+(\/[^?#\s]*)?$/.test(mirror)) {
      throw new Error(
        `${where}: registryMirrors: '${mirror}' is not a valid URL of a mirror. Write 'https://mirror.example.com', or 'https://mirror.example.com/path' with Docker 25 or later`,
      );
    }
  }
  for (const registry of daemon.insecureRegistries ?? []) {
    if (!/^[A-Za-z0-9._[\]:-]+$/.test(registry) && !isCidr(registry)) {
      throw new Error(
        `${where}: insecureRegistries: '${registry}' is not a valid registry. Write 'host:port' without a scheme, or a CIDR`,
      );
    }
  }
}

function assertAddresses(daemon: DockerDaemonOptions, where: string): void {
  const cluster = (daemon.hostCidrs ?? CLUSTER_CIDRS).map((cidr) => parsed(cidr, `${where}: hostCidrs`));
  for (const { base, size } of daemon.addressPools ?? []) {
    const pool = within(`${where}: addressPools`, () => Cidr.parse(base));
    if (!Number.isInteger(size) || size < pool.length || size > pool.maxLength - 2) {
      throw new Error(
        `${where}: addressPools: a size of ${size} does not fit '${base}'. Use ${pool.length} to ${pool.maxLength - 2}`,
      );
    }
  }
  const pools = daemon.addressPools?.map(({ base }) => base) ?? ENGINE_POOLS;
  const inner = [...pools, ...(daemon.bridgeAddress === undefined ? [] : [daemon.bridgeAddress])];
  for (const { text, range } of inner.map((cidr) => parsed(cidr, `${where}: bridgeAddress`))) {
    const hidden = cluster.find((outer) => outer.range.overlaps(range));
    if (!hidden) continue;
    const whose = daemon.addressPools || text === daemon.bridgeAddress ? '' : ", one of the engine's own pools,";
    throw new Error(
      `${where}: '${text}'${whose} overlaps '${hidden.text}' of the cluster, whose pods and services could not be reached. ` +
        'Give addressPools that lie elsewhere',
    );
  }
}

function assertExtra(daemon: DockerDaemonOptions, where: string): void {
  for (const key of Object.keys(daemon.extra ?? {})) {
    const remedy = RESERVED_KEYS[key];
    if (remedy) throw new Error(`${where}: extra has '${key}': ${remedy}`);
  }
}

function parsed(text: string, what: string): { text: string; range: Cidr } {
  return { text, range: within(what, () => Cidr.containing(text)) };
}

function within(what: string, read: () => Cidr): Cidr {
  try {
    return read();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`);
  }
}

function isCidr(text: string): boolean {
  try {
    return Cidr.containing(text).length >= 0;
  } catch {
    return false;
  }
}
