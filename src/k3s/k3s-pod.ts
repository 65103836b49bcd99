import { Construct } from 'constructs';
import { SystemPod, SystemPodProps } from '../workloads';
import { K3sNode } from './k3s-node';
import { K3sNodeProps } from './k3s-node-props';

/** The props of a SystemPod, and its K3s node. */
export interface K3sPodProps extends SystemPodProps {
  /** How the node is set up. */
  readonly k3s: K3sNodeProps;
}

/**
 * A pod that is a K3s node: a cluster of one pod, or with `serverUrl` an agent. A cluster that keeps its data and can be upgraded is
 * a `K3sCluster`.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { K3sPod } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'pod', { namespace: 'dev' });
 * new K3sPod(chart, 'K3s', { k3s: { version: 'v1.36.2+k3s1' } });
 * app.synth();
 */
export class K3sPod extends SystemPod {
  /** The node. */
  public readonly k3s: K3sNode;

  constructor(scope: Construct, id: string, props: K3sPodProps) {
    super(scope, id, props);
    this.k3s = K3sNode.on(this, props.k3s);
  }
}
