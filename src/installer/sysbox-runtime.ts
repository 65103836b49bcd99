import { Construct } from 'constructs';
import { PodOverhead } from '../runtime/pod-overhead';
import { SysboxRuntimeClass, SysboxRuntimeClassProps } from '../runtime/runtime-class';
import { RuntimeScheduling } from '../runtime/runtime-scheduling';
import { ContainerEngine, ISysboxRuntime } from '../runtime/runtime-ref';
import { SysboxNodePool } from './node-pool';
import { SysboxInstallationProps, SysboxInstaller } from './sysbox-installer';
import { NodeLabels } from '../core/labels';

/** The Sysbox runtime of a cluster. */
export interface SysboxRuntimeProps {
  /**
   * The RuntimeClass that pods name.
   *
   * @default - `sysbox-runc`, for nodes with `sysbox-runtime=running`
   */
  readonly runtimeClass?: SysboxRuntimeClassProps;

  /**
   * How the runtime is put on the nodes.
   *
   * @default - from upstream's image, on the nodes with `sysbox-install=yes`, one at a time
   */
  readonly installation?: SysboxInstallationProps;
}

/**
 * The Sysbox runtime: its RuntimeClass, and the installer that puts it on the nodes. This is what most apps need once;
 * system workloads take it as their `runtime`.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { SysboxRuntime, SystemPod } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const runtime = new SysboxRuntime(chart, 'Sysbox');
 * new SystemPod(chart, 'Shell', { system: { runtime }, containers: [{ image: 'docker.io/library/ubuntu:24.04' }] });
 */
export class SysboxRuntime extends Construct implements ISysboxRuntime {
  /** The RuntimeClass that pods name. */
  public readonly runtimeClass: SysboxRuntimeClass;

  /** What puts the runtime on the nodes. */
  public readonly installer: SysboxInstaller;

  public readonly runtimeClassName: string;
  public readonly containerEngine?: ContainerEngine;
  public readonly clusterVersion?: string;
  public readonly featureGates?: string[];
  public readonly idsPerPod?: number;
  public readonly podOverhead?: PodOverhead;
  public readonly scheduling?: RuntimeScheduling;

  /** What a pool of nodes for the runtime must say of its nodes, for the autoscalers. */
  public readonly nodePool: SysboxNodePool;

  constructor(scope: Construct, id: string, props: SysboxRuntimeProps = {}) {
    super(scope, id);
    this.runtimeClass = new SysboxRuntimeClass(this, 'RuntimeClass', runtimeClassOf(props));
    this.runtimeClassName = this.runtimeClass.runtimeClassName;
    this.containerEngine = this.runtimeClass.containerEngine;
    this.clusterVersion = this.runtimeClass.clusterVersion;
    this.featureGates = this.runtimeClass.featureGates;
    this.idsPerPod = this.runtimeClass.idsPerPod;
    this.podOverhead = this.runtimeClass.podOverhead;
    this.scheduling = this.runtimeClass.scheduling;
    this.installer = new SysboxInstaller(this, 'Installer', {
      ...props.installation,
      runtimeClass: this.runtimeClass,
      handler: this.runtimeClass.handler,
    });
    this.nodePool = SysboxNodePool._of({
      ...props.runtimeClass?.nodeSelector,
      ...props.installation?.nodeSelector,
      [NodeLabels.INSTALL]: 'yes',
    });
  }
}

/** Of the nodes that are to get the runtime, the installer's own selection is a part. */
function runtimeClassOf({ runtimeClass, installation }: SysboxRuntimeProps): SysboxRuntimeClassProps | undefined {
  if (runtimeClass?.scheduling !== RuntimeScheduling.INTENDED) return runtimeClass;
  return { ...runtimeClass, nodeSelector: { ...installation?.nodeSelector, ...runtimeClass.nodeSelector } };
}
