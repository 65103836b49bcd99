import * as kplus from 'cdk8s-plus-30';
import { claimNames } from '../core/unique-names';
import { Construct } from 'constructs';
import { tolerationOf } from '../core/foreign-resource';
import { clusterScoped } from '../core/cluster-scoped';
import { ContainerEngine } from './container-engine';
import { DEFAULT_RUNTIME_CLASS, NodeLabels } from '../core/labels';
import { addStandardLabels } from '../core/standard-labels';
import { assertLabel, assertLabelName } from '../core/names';
import { toQuantities } from '../core/quantities';
import { noteRuntimeClass } from './defined-classes';
import { overheadOf, PodOverhead } from './pod-overhead';
import { assertRuntime } from './runtime-check';
import { ISysboxRuntime } from './runtime-ref';
import { RuntimeScheduling } from './runtime-scheduling';

/** The RuntimeClass under which system pods run. */
export interface SysboxRuntimeClassProps {
  /**
   * Name of the RuntimeClass; pods name it as `runtimeClassName`. Refused: a name that is not a DNS subdomain.
   *
   * @default "sysbox-runc", as in upstream's manifests
   */
  readonly name?: string;

  /**
   * Name of the runtime in the container engine's configuration. Refused: a name that is not a DNS label.
   *
   * @default "sysbox-runc"
   */
  readonly handler?: string;

  /**
   * Which nodes the RuntimeClass selects.
   *
   * @default RuntimeScheduling.INSTALLED: the nodes on which the runtime runs
   */
  readonly scheduling?: RuntimeScheduling;

  /**
   * Further labels that a node must have, in addition to `sysbox-runtime=running`, or to `sysbox-install=yes` with
   * `RuntimeScheduling.INTENDED`. Refused: another value of that label, and with INTENDED the label `sysbox-runtime`.
   *
   * @default - any node on which the runtime runs
   */
  readonly nodeSelector?: Record<string, string>;

  /**
   * Taints that pods of this class tolerate.
   *
   * @default - none. The installer's own taint keeps pods away while the runtime is not live: it is refused here
   */
  readonly tolerations?: kplus.NodeTaintQuery[];

  /**
   * Resources that each pod takes beyond its containers; counted by the scheduler and by quotas.
   *
   * @default - none, as upstream: Sysbox's daemons are shared by all pods of a node
   */
  readonly podOverhead?: PodOverhead;

  /**
   * The container engine of the nodes.
   *
   * @default ContainerEngine.CONTAINERD
   */
  readonly containerEngine?: ContainerEngine;

  /**
   * Kubernetes version of the cluster, "1.36" or "v1.36.2+k3s1". Turns on what that version can do and refuses what it
   * cannot; below 1.33 it needs the feature gate UserNamespacesSupport.
   *
   * @default - unknown: 1.33 or later is assumed
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
}

/**
 * A RuntimeClass for Sysbox. It has no namespace, also in a chart that has one. One that another repository owns is named by
 * `RuntimeReference`.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { SysboxRuntimeClass, SystemPod } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * // Something else puts Sysbox on the nodes; its pods run on those of one pool.
 * const runtime = new SysboxRuntimeClass(chart, 'RuntimeClass', { nodeSelector: { pool: 'sandboxes' } });
 * new SystemPod(chart, 'Shell', { system: { runtime }, containers: [{ image: 'docker.io/library/ubuntu:24.04' }] });
 */
export class SysboxRuntimeClass extends Construct implements ISysboxRuntime {
  /** Name of the RuntimeClass and of its handler where nothing else is said. */
  public static readonly DEFAULT_NAME: string = DEFAULT_RUNTIME_CLASS;

  public readonly runtimeClassName: string;
  public readonly containerEngine?: ContainerEngine;
  public readonly clusterVersion?: string;
  public readonly featureGates?: string[];
  public readonly idsPerPod?: number;
  public readonly podOverhead?: PodOverhead;
  public readonly scheduling?: RuntimeScheduling;

  /** Name of the runtime in the container engine's configuration. */
  public readonly handler: string;

  constructor(scope: Construct, id: string, props: SysboxRuntimeClassProps = {}) {
    super(scope, id);
    const where = this.node.path;
    this.runtimeClassName = props.name ?? SysboxRuntimeClass.DEFAULT_NAME;
    this.handler = props.handler ?? SysboxRuntimeClass.DEFAULT_NAME;
    this.containerEngine = props.containerEngine;
    this.clusterVersion = props.clusterVersion;
    this.featureGates = props.featureGates;
    this.idsPerPod = props.idsPerPod;
    this.podOverhead = props.podOverhead;
    this.scheduling = props.scheduling;
    assertRuntime(this, where);
    // Kubernetes' own rule for handlers (RuntimeClass API reference).
    assertLabelName(this.handler, `${where}: handler`);
    const nodeSelector = selectorOf(props.nodeSelector ?? {}, props.scheduling === RuntimeScheduling.INTENDED, where);
    const tolerations = (props.tolerations ?? []).map((query) => tolerationOf(query, `${where}: tolerations`));
    refuseOwnTaint(tolerations, where);
    const overhead = overheadOf(props.podOverhead);

    clusterScoped(
      new kplus.k8s.KubeRuntimeClass(this, 'Resource', {
        metadata: { name: this.runtimeClassName },
        handler: this.handler,
        scheduling: { nodeSelector, ...(tolerations.length > 0 && { tolerations }) },
        overhead: overhead && { podFixed: toQuantities(overhead) },
      }),
    );
    addStandardLabels(this, 'sysbox-runtime');
    claimNames(this);
    noteRuntimeClass(this);
  }
}

function selectorOf(extra: Record<string, string>, intended: boolean, where: string): Record<string, string> {
  for (const [key, value] of Object.entries(extra)) assertLabel(key, value, `${where}: nodeSelector`);
  if (intended && extra[NodeLabels.RUNTIME] !== undefined) {
    throw new Error(
      `${where}: nodeSelector has ${NodeLabels.RUNTIME}, and scheduling is INTENDED: no node has that label before it exists, so no autoscaler adds one. ` +
        'Leave that label out, or use INSTALLED',
    );
  }
  const [key, value] = intended ? [NodeLabels.INSTALL, 'yes'] : [NodeLabels.RUNTIME, 'running'];
  if ((extra[key] ?? value) !== value) {
    throw new Error(
      `${where}: nodeSelector asks for ${key}=${extra[key]}, which no node with a live runtime has. ` +
        `Leave that label out: ${key}=${value} is always added`,
    );
  }
  return { ...extra, [key]: value };
}

function refuseOwnTaint(tolerations: kplus.k8s.Toleration[], where: string): void {
  for (const toleration of tolerations) {
    if (toleration.key === NodeLabels.RUNTIME || (toleration.key === undefined && toleration.operator === 'Exists')) {
      throw new Error(
        `${where}: a toleration covers the taint ${NodeLabels.RUNTIME}=not-running, so pods would land on nodes whose runtime is ` +
          'not live. Name the taints that pods should tolerate one by one',
      );
    }
  }
}
