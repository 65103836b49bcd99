import { DockerMtu } from './docker-mtu';

/** How the engine keeps layers, without its containerd image store. */
export enum DockerStorageDriver {
  /** The kernel's overlay filesystem. It works in a system container on a volume and on what Sysbox mounts. */
  OVERLAY2 = 'overlay2',

  /** overlay in user space, slower. */
  FUSE_OVERLAYFS = 'fuse-overlayfs',

  /** Whole copies of layers: works everywhere, and is slow and large. */
  VFS = 'vfs',
}

/** Addresses from which the engine makes networks. */
export interface DockerAddressPool {
  /** The range, such as "172.30.0.0/16". */
  readonly base: string;

  /** Prefix length of each network that is made of it, such as 24. */
  readonly size: number;
}

/** The engine's daemon.json. */
export interface DockerDaemonOptions {
  /**
   * How layers are kept. Refused together with the feature `containerd-snapshotter`, which has its own way.
   *
   * @default - the engine's choice: overlay2, or the containerd image store on a fresh Docker 29
   */
  readonly storageDriver?: DockerStorageDriver;

  /**
   * Where the engine keeps its data. The storage is mounted at exactly this directory. Another one than the default is
   * no special directory of Sysbox, and needs storage other than `SystemStorage.nodeLocal()`.
   *
   * @default "/var/lib/docker"
   */
  readonly dataRoot?: string;

  /**
   * URLs of mirrors of Docker Hub; with a path from Docker 25 on.
   *
   * @default - none
   */
  readonly registryMirrors?: string[];

  /**
   * Registries that are accessed without TLS or with an unknown certificate: host, host:port or CIDR.
   *
   * @default - none
   */
  readonly insecureRegistries?: string[];

  /**
   * MTU of the engine's networks, of the default one and of those that users make. Needs Docker 24.
   *
   * @default DockerMtu.ofPod()
   */
  readonly mtu?: DockerMtu;

  /**
   * Addresses from which networks are made. Refused when they overlap `hostCidrs`.
   *
   * @default - the engine's: 172.17.0.0/16 to 172.31.0.0/16, and 192.168.0.0/16 in parts of /20
   */
  readonly addressPools?: DockerAddressPool[];

  /**
   * Address and prefix of the default network's bridge, such as "172.30.0.1/24".
   *
   * @default - the first of the address pools
   */
  readonly bridgeAddress?: string;

  /**
   * Pod and service CIDRs of the cluster that the pods run in: an inner network with the same addresses would hide them.
   *
   * @default - those of K3s and RKE2: 10.42.0.0/16 and 10.43.0.0/16
   */
  readonly hostCidrs?: string[];

  /**
   * Driver of the logs of inner containers.
   *
   * @default - the engine's: json-file
   */
  readonly logDriver?: string;

  /**
   * Options of the log driver, such as `max-size`.
   *
   * @default - none
   */
  readonly logOptions?: Record<string, string>;

  /**
   * Features to switch, such as `containerd-snapshotter`.
   *
   * @default - the engine's
   */
  readonly features?: Record<string, boolean>;

  /**
   * Other keys of daemon.json, as they are. Refused: keys that have a prop, `userns-remap` (Sysbox has no nested user
   * namespaces), and keys that say where the engine listens.
   *
   * @default - none
   */
  readonly extra?: Record<string, any>;
}
