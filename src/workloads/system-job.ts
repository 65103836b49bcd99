import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { remember, systemContainerProps, systemPodProps } from './plus-defaults';
import { SystemOptions } from './system-options';
import { SystemPods } from './system-pods';
import { SystemSettings } from './system-settings';
import { ISystemWorkload } from './system-workload';

/** The props of a cdk8s-plus Job and one group of our own. */
export interface SystemJobProps extends kplus.JobProps {
  /**
   * What the pods have beyond cdk8s-plus.
   *
   * @default - they run under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;
}

/**
 * A cdk8s-plus Job whose pods are system pods: see `SystemPod`.
 *
 * @example
 * import { Chart, Duration } from 'cdk8s';
 * import { SystemJob } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * new SystemJob(chart, 'Build', {
 *   activeDeadline: Duration.hours(1),
 *   containers: [{ image: 'docker.io/library/ubuntu:24.04', command: ['sh', '-c', 'apt-get update && apt-get install -y make'] }],
 * });
 */
export class SystemJob extends kplus.Job implements ISystemWorkload {
  private readonly pods: SystemPods;

  constructor(scope: Construct, id: string, props: SystemJobProps = {}) {
    super(scope, id, systemPodProps(props));
    this.pods = new SystemPods(this, props);
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
}
