import * as kplus from 'cdk8s-plus-30';
import { SystemStorage } from '../workloads';

/** Components that K3s deploys. */
export enum K3sComponent {
  COREDNS = 'coredns',
  LOCAL_STORAGE = 'local-storage',
  METRICS_SERVER = 'metrics-server',

  /** RuntimeClasses of the runtimes that K3s detects. */
  RUNTIMES = 'runtimes',

  SERVICE_LB = 'servicelb',
  TRAEFIK = 'traefik',
}

/** How pods on different nodes of the nested cluster reach each other. */
export enum K3sFlannelBackend {
  VXLAN = 'vxlan',
  HOST_GW = 'host-gw',
  WIREGUARD_NATIVE = 'wireguard-native',

  /** No flannel: install another network plugin. */
  NONE = 'none',
}

/** The snapshotter of the nested containerd. */
export enum K3sSnapshotter {
  OVERLAYFS = 'overlayfs',
  NATIVE = 'native',
  FUSE_OVERLAYFS = 'fuse-overlayfs',
  STARGZ = 'stargz',
}

/** A node of a nested cluster, server or agent. */
export interface K3sNodeOptions {
  /**
   * Labels of the nested node. Refused: labels below kubernetes.io and k8s.io that a kubelet may not set for itself, such as
   * `node-role.kubernetes.io/worker`, which keep it from starting.
   *
   * @default - those that K3s sets
   */
  readonly nodeLabels?: Record<string, string>;

  /**
   * Taints of the nested node, "key=value:NoSchedule".
   *
   * @default - none
   */
  readonly nodeTaints?: string[];

  /**
   * The snapshotter of the nested containerd.
   *
   * @default - overlayfs, as K3s chooses; it works on the special directory and on volumes
   */
  readonly snapshotter?: K3sSnapshotter;

  /**
   * Arguments of the kubelet, "max-pods=50". Your own `system-reserved` replaces the one that keeps the node within the limits
   * of its pod. Refused: what another prop sets.
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
   * Further arguments of K3s, each as "--flag" or "--flag=value". Refused: what another prop sets, and secrets.
   *
   * @default - none
   */
  readonly extraArgs?: string[];

  /**
   * Environment of K3s; the way to give it a secret. Refused: a secret as text, and variables that another prop sets.
   *
   * @default - none
   */
  readonly envVariables?: Record<string, kplus.EnvValue>;

  /**
   * Requests and limits of the node. The limits bound what the nested scheduler hands out: the rest of the machine is
   * reserved. Refused: a memory limit below 512 MiB for a server and 192 MiB for an agent, which K3s itself exceeds
   * (https://docs.k3s.io/reference/resource-profiling).
   *
   * @default - none: the nested node reports the capacity of the whole machine
   */
  readonly resources?: kplus.ContainerResources;

  /**
   * Where the node keeps its data: images, the database of a server, the node's identity, volumes of its pods. In a StatefulSet
   * a claim follows its pod and stays when the StatefulSet is deleted; Kubernetes does not let it be changed later.
   *
   * @default - a claim of 10 GiB of the default StorageClass in a K3sCluster; an emptyDir of at most 20 GiB in any other
   * workload; for K3kCluster see there
   */
  readonly storage?: SystemStorage;
}

/** A server of a nested cluster. */
export interface K3sServerOptions extends K3sNodeOptions {
  /**
   * Components that K3s does not deploy.
   *
   * @default - none
   */
  readonly disable?: K3sComponent[];

  /**
   * Further names and addresses in the server's certificate, in addition to those of its Service.
   *
   * @default - none
   */
  readonly tlsSans?: string[];

  /**
   * The backend of flannel.
   *
   * @default - VXLAN, as K3s chooses
   */
  readonly flannelBackend?: K3sFlannelBackend;

  /**
   * Enforce the nested cluster's NetworkPolicies.
   *
   * @default true
   */
  readonly networkPolicy?: boolean;

  /**
   * DNS domain of the nested cluster. With the host cluster's own domain, names of Services there cannot be resolved from
   * inside.
   *
   * @default - "cluster.local", as K3s chooses
   */
  readonly clusterDomain?: string;

  /**
   * Encrypt the nested cluster's Secrets at rest.
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
