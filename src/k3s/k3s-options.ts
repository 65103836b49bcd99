import * as kplus from 'cdk8s-plus-30';

/** Components that K3s brings along. */
export enum K3sComponent {
  COREDNS = 'coredns',
  LOCAL_STORAGE = 'local-storage',
  METRICS_SERVER = 'metrics-server',
  SERVICE_LB = 'servicelb',
  TRAEFIK = 'traefik',
}

/** How pods on different nodes of the nested cluster reach each other. */
export enum K3sFlannelBackend {
  VXLAN = 'vxlan',
  HOST_GW = 'host-gw',
  WIREGUARD_NATIVE = 'wireguard-native',

  /** No flannel: bring another network plugin. */
  NONE = 'none',
}

/** How the containerd inside keeps layers. */
export enum K3sSnapshotter {
  OVERLAYFS = 'overlayfs',
  NATIVE = 'native',
  FUSE_OVERLAYFS = 'fuse-overlayfs',
  STARGZ = 'stargz',
}

/** What a node of a nested cluster can have, a server or an agent. */
export interface K3sNodeOptions {
  /**
   * Labels of the node inside.
   *
   * @default - those that K3s sets
   */
  readonly nodeLabels?: Record<string, string>;

  /**
   * Taints of the node inside, "key=value:NoSchedule".
   *
   * @default - none
   */
  readonly nodeTaints?: string[];

  /**
   * How layers are kept.
   *
   * @default - overlayfs, as K3s chooses; it works on the special directory and on volumes
   */
  readonly snapshotter?: K3sSnapshotter;

  /**
   * Arguments of the kubelet, "max-pods=50". A `system-reserved` of one's own replaces the one that keeps the node within
   * the limits of its pod.
   *
   * @default - none
   */
  readonly kubeletArgs?: string[];

  /**
   * Arguments of kube-proxy.
   *
   * @default - none
   */
  readonly kubeProxyArgs?: string[];

  /**
   * Further arguments of K3s, each as "--flag" or "--flag=value". Refused: what is set elsewhere here, and secrets.
   *
   * @default - none
   */
  readonly extraArgs?: string[];

  /**
   * Environment of K3s; the way to give it a secret.
   *
   * @default - none
   */
  readonly env?: Record<string, kplus.EnvValue>;

  /**
   * Requests and limits of the node. The limits bound what the scheduler inside hands out: the rest of the machine is
   * reserved.
   *
   * @default - none: the node inside takes itself for as large as the machine
   */
  readonly resources?: kplus.ContainerResources;
}

/** What a server of a nested cluster can have. */
export interface K3sServerOptions extends K3sNodeOptions {
  /**
   * Components that K3s leaves out.
   *
   * @default - none
   */
  readonly disable?: K3sComponent[];

  /**
   * Names and addresses for which the server's certificate holds, beside those of its Service.
   *
   * @default - none
   */
  readonly tlsSans?: string[];

  /**
   * How pods on different nodes reach each other.
   *
   * @default - VXLAN, as K3s chooses
   */
  readonly flannelBackend?: K3sFlannelBackend;

  /**
   * Enforce NetworkPolicies inside.
   *
   * @default true
   */
  readonly networkPolicy?: boolean;

  /**
   * DNS domain inside. With the one of the cluster around, names of Services there cannot be resolved from inside.
   *
   * @default - "cluster.local", as K3s chooses
   */
  readonly clusterDomain?: string;

  /**
   * Encrypt Secrets inside at rest.
   *
   * @default false
   */
  readonly secretsEncryption?: boolean;

  /**
   * Arguments of the API server.
   *
   * @default - none
   */
  readonly kubeApiserverArgs?: string[];

  /**
   * Arguments of the controller manager.
   *
   * @default - none
   */
  readonly kubeControllerManagerArgs?: string[];

  /**
   * Arguments of the scheduler.
   *
   * @default - none
   */
  readonly kubeSchedulerArgs?: string[];
}
