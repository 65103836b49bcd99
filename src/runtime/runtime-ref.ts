import { ContainerEngine } from './container-engine';
import { PodOverhead } from './pod-overhead';
import { RuntimeScheduling } from './runtime-scheduling';

export { ContainerEngine } from './container-engine';

/**
 * What a system pod must know of the runtime it runs under. `SysboxRuntime` and `SysboxRuntimeClass` are such objects; a
 * runtime that another repository installs is named by `RuntimeReference`.
 */
export interface ISysboxRuntime {
  /** Name of the RuntimeClass object. */
  readonly runtimeClassName: string;

  /**
   * The container engine of the nodes.
   *
   * @default ContainerEngine.CONTAINERD
   */
  readonly containerEngine?: ContainerEngine;

  /**
   * Kubernetes version of the cluster, "1.36" or "v1.36.2+k3s1". It turns on what that version can do, and refuses what
   * it cannot.
   *
   * @default - unknown: 1.33 or later is assumed, and nothing is refused for its age
   */
  readonly clusterVersion?: string;

  /**
   * Kubernetes feature gates that were turned on in the cluster beyond its defaults.
   *
   * @default - none
   */
  readonly featureGates?: string[];

  /**
   * Number of ids in the user namespace of a pod: `userNamespaces.idsPerPod` of the kubelet's configuration. Pods may use
   * uids and gids below it. Refused: what is not a multiple of 65536.
   *
   * @default 65536, the kubelet's default
   */
  readonly idsPerPod?: number;

  /**
   * The overhead that the RuntimeClass adds to each of its pods.
   *
   * @default - unknown
   */
  readonly podOverhead?: PodOverhead;

  /**
   * Which nodes the RuntimeClass selects.
   *
   * @default RuntimeScheduling.INSTALLED: the nodes on which the runtime runs
   */
  readonly scheduling?: RuntimeScheduling;
}
