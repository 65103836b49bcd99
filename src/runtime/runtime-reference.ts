import { ContainerEngine } from './container-engine';
import { PodOverhead } from './pod-overhead';
import { assertRuntime } from './runtime-check';
import { ISysboxRuntime } from './runtime-ref';
import { RuntimeScheduling } from './runtime-scheduling';

/** What is known of a runtime that was installed elsewhere. */
export interface RuntimeReferenceOptions {
  /**
   * The container engine of the nodes.
   *
   * @default ContainerEngine.CONTAINERD
   */
  readonly containerEngine?: ContainerEngine;

  /**
   * Kubernetes version of the cluster, "1.36" or "v1.36.2+k3s1". Refused below 1.30, and below 1.33 without the feature
   * gate UserNamespacesSupport: there the API server drops `hostUsers: false` silently.
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

/**
 * A runtime that was installed elsewhere, named by its RuntimeClass.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { RuntimeReference, SystemPod } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const runtime = RuntimeReference.fromRuntimeClassName('sysbox-runc', { clusterVersion: '1.36' });
 * new SystemPod(chart, 'Shell', { system: { runtime }, containers: [{ image: 'docker.io/library/ubuntu:24.04' }] });
 */
export class RuntimeReference implements ISysboxRuntime {
  /**
   * The runtime behind the RuntimeClass of this name.
   *
   * @param runtimeClassName a DNS subdomain name
   * @param options what is known of it
   */
  public static fromRuntimeClassName(
    runtimeClassName: string,
    options: RuntimeReferenceOptions = {},
  ): RuntimeReference {
    return new RuntimeReference(runtimeClassName, options);
  }

  public readonly runtimeClassName: string;
  public readonly containerEngine?: ContainerEngine;
  public readonly clusterVersion?: string;
  public readonly featureGates?: string[];
  public readonly idsPerPod?: number;
  public readonly podOverhead?: PodOverhead;
  public readonly scheduling?: RuntimeScheduling;

  private constructor(runtimeClassName: string, options: RuntimeReferenceOptions) {
    this.runtimeClassName = runtimeClassName;
    this.containerEngine = options.containerEngine;
    this.clusterVersion = options.clusterVersion;
    this.featureGates = options.featureGates;
    this.idsPerPod = options.idsPerPod;
    this.podOverhead = options.podOverhead;
    this.scheduling = options.scheduling;
    assertRuntime(this, 'RuntimeReference.fromRuntimeClassName()');
  }
}
