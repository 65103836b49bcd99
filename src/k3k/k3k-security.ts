import { IConstruct } from 'constructs';
import { DEFAULT_RUNTIME_CLASS } from '../core/labels';
import { ClusterSpec } from '../../imports/k3k.io';
import { ISysboxRuntime } from '../runtime';
import { PodSecurityLevel, SystemOptions } from '../workloads';
import { ClusterFeature } from '../runtime/cluster-version';
import { classErrors } from '../runtime/defined-classes';
import { assertRuntime, clusterOf, needsCrioAnnotation } from '../runtime/runtime-check';
import { assertOptions } from '../workloads/system-options-check';

const POD_LEVEL_RESOURCES: ClusterFeature = {
  what: 'a request of a K3k node, which K3k renders as resources of the pod',
  since: 34,
  gate: 'PodLevelResources',
  gateSince: 32,
  source: 'KEP-2837',
};

/** What K3k has no field for. */
const NOT_IN_K3K = ['acknowledge', 'containers', 'imagePullSecrets', 'overhead', 'topologySpreadConstraints'] as const;

/**
 * What makes the pods of a K3k cluster system pods: what SystemSettings is to a workload.
 *
 * @internal
 */
export class K3kSecurity {
  private readonly runtime: ISysboxRuntime;

  public constructor(
    private readonly options: SystemOptions,
    private readonly where: string,
  ) {
    this.runtime = options.runtime ?? { runtimeClassName: options.runtimeClassName ?? DEFAULT_RUNTIME_CLASS };
    assertRuntime(this.runtime, where);
    assertOptions(options, this.runtime, where);
    const foreign = NOT_IN_K3K.find((name) => options[name] !== undefined);
    if (foreign)
      throw new Error(`${where}: system.${foreign} has no field in K3k's Cluster. Leave it out, or use K3sCluster`);
    if (needsCrioAnnotation(this.runtime)) {
      throw new Error(
        `${where}: before Kubernetes 1.33 CRI-O makes a user namespace for an annotation of the pod, and K3k sets none. ` +
          'Upgrade the cluster, or use K3sCluster',
      );
    }
  }

  /** Refuses requests where the cluster would not take what K3k makes of them. */
  public assertPodResources(): void {
    const refusal = clusterOf(this.runtime).refusal(POD_LEVEL_RESOURCES);
    if (refusal && this.runtime.clusterVersion !== undefined) {
      throw new Error(`${this.where}: ${refusal}. Or give limits only`);
    }
  }

  /** Warns of a RuntimeClass that the app does not define; an error by the mode of the options. */
  public classErrors(construct: IConstruct): string[] {
    return classErrors(construct, this.runtime, this.options.warnings);
  }

  // On the Cluster itself: a class that comes from a VirtualClusterPolicy only sends K3k's start script down its way for runc
  // (k3k pkg/controller/cluster/server/server.go, setupStartCommand). A security context replaces K3k's privileged one.
  public toSpec(): ClusterSpec {
    const { nodeSelector, priorityClassName, podSecurity, seccompProfile } = this.options;
    const restricted = podSecurity === PodSecurityLevel.RESTRICTED;
    return {
      runtimeClassName: this.runtime.runtimeClassName,
      hostUsers: false,
      nodeSelector,
      priorityClass: priorityClassName,
      securityContext: {
        privileged: false,
        ...(restricted && { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }),
        seccompProfile: seccompProfile ?? (restricted ? { type: 'RuntimeDefault' } : undefined),
      },
    };
  }
}
