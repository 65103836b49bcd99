import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { Json } from '../core/json';
import { remember, systemContainerProps, systemPodProps } from './plus-defaults';
import { SystemOptions } from './system-options';
import { SystemPods } from './system-pods';
import { SystemSettings } from './system-settings';
import { ISystemWorkload } from './system-workload';

/** The props of a cdk8s-plus Deployment and one group of our own. */
export interface SystemDeploymentProps extends kplus.DeploymentProps {
  /**
   * What the pods have beyond cdk8s-plus.
   *
   * @default - they run under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;
}

/**
 * A cdk8s-plus Deployment whose pods are system pods: see `SystemPod`.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { SystemDeployment } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * new SystemDeployment(chart, 'Shells', {
 *   replicas: 2,
 *   containers: [{ image: 'docker.io/library/ubuntu:24.04', command: ['sleep', 'infinity'] }],
 * });
 */
export class SystemDeployment extends kplus.Deployment implements ISystemWorkload {
  private readonly pods: SystemPods;

  constructor(scope: Construct, id: string, props: SystemDeploymentProps = {}) {
    super(scope, id, systemPodProps(props));
    this.pods = new SystemPods(this, props, () => this.ownerSpec());
  }

  /** What makes the pods system pods. */
  public get system(): SystemSettings {
    return this.pods.settings;
  }

  /**
   * Add a container with the defaults of a system container.
   *
   * @param cont the container
   */
  public addContainer(cont: kplus.ContainerProps): kplus.Container {
    return remember(super.addContainer(systemContainerProps(cont)), cont);
  }

  /**
   * Add an init container with the defaults of a system container.
   *
   * @param cont the container
   */
  public addInitContainer(cont: kplus.ContainerProps): kplus.Container {
    return remember(super.addInitContainer(systemContainerProps(cont)), cont);
  }

  /** @internal */
  public _toPodSpec(): kplus.k8s.PodSpec {
    return this.pods.toPodSpec(() => super._toPodSpec());
  }

  private ownerSpec(): Json {
    const { type, rollingUpdate } = this.strategy._toKube();
    const maxSurge = rollingUpdate?.maxSurge?.value;
    return { replicas: this.replicas ?? 2, strategy: { type, rollingUpdate: { maxSurge } } };
  }
}
