import { NodeLabels } from '../core/labels';

/** A taint, as in a Node and in Karpenter's NodePool. */
export interface StartupTaint {
  /** Key of the taint. */
  readonly key: string;

  /** Value of the taint. */
  readonly value: string;

  /** Effect of the taint. */
  readonly effect: string;
}

/**
 * What a pool of nodes for the runtime must say of its nodes: the labels by which they are selected, and the taint that keeps pods away until
 * the runtime is live. Autoscalers read both from the pool when it has no node.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { RuntimeScheduling, SysboxRuntime } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const { nodePool } = new SysboxRuntime(chart, 'Sysbox', { runtimeClass: { scheduling: RuntimeScheduling.INTENDED } });
 * console.error(nodePool.awsTags());
 */
export class SysboxNodePool {
  /** Labels of the nodes; for Karpenter, `spec.template.metadata.labels` of the NodePool. */
  public readonly labels: Record<string, string>;

  /** Taints that the nodes register with; for Karpenter, `spec.template.spec.startupTaints` of the NodePool. */
  public readonly startupTaints: StartupTaint[] = [
    { key: NodeLabels.RUNTIME, value: 'not-running', effect: 'NoSchedule' },
  ];

  /**
   * Arguments of Cluster Autoscaler 1.29 and later (before: `--ignore-taint`). It then leaves the taint out when it compares pods with an empty pool, and waits for a node that
   * still carries it instead of adding another one (cluster-autoscaler FAQ, "startup taints").
   */
  public readonly clusterAutoscalerArgs: string[] = [`--startup-taint=${NodeLabels.RUNTIME}`];

  /** @internal */
  public static _of(labels: Record<string, string>): SysboxNodePool {
    return new SysboxNodePool(labels);
  }

  private constructor(labels: Record<string, string>) {
    this.labels = labels;
  }

  /** Arguments of K3s and RKE2 on the nodes. */
  public k3sArgs(): string[] {
    return [
      ...Object.entries(this.labels).map(([key, value]) => `--node-label=${key}=${value}`),
      ...this.startupTaints.map(({ key, value, effect }) => `--node-taint=${key}=${value}:${effect}`),
    ];
  }

  /** Tags of an Auto Scaling group of AWS, from which Cluster Autoscaler knows an empty group (cloudprovider/aws/README.md). */
  public awsTags(): Record<string, string> {
    return this.templateTags(
      'k8s.io/cluster-autoscaler/node-template/label/',
      'k8s.io/cluster-autoscaler/node-template/taint/',
    );
  }

  /** Tags of a virtual machine scale set of Azure, in whose names "_" stands for "/" (cloudprovider/azure/README.md). */
  public azureTags(): Record<string, string> {
    const tags = this.templateTags(
      'k8s.io_cluster-autoscaler_node-template_label_',
      'k8s.io_cluster-autoscaler_node-template_taint_',
    );
    return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name.replaceAll('/', '_'), value]));
  }

  /** The line of `kube-env` in the metadata of an instance template of Google Compute Engine (cloudprovider/gce/templates.go). */
  public gceKubeEnv(): string {
    const labels = Object.entries(this.labels).map(([key, value]) => `${key}=${value}`);
    const taints = this.startupTaints.map(({ key, value, effect }) => `${key}=${value}:${effect}`);
    return `AUTOSCALER_ENV_VARS: node_labels=${labels.join(',')};node_taints=${taints.join(',')}`;
  }

  private templateTags(label: string, taint: string): Record<string, string> {
    return {
      ...Object.fromEntries(Object.entries(this.labels).map(([key, value]) => [label + key, value])),
      ...Object.fromEntries(this.startupTaints.map(({ key, value, effect }) => [taint + key, `${value}:${effect}`])),
    };
  }
}
