import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { remember, systemContainerProps, systemPodProps } from './plus-defaults';
import { SystemOptions } from './system-options';
import { SystemPods } from './system-pods';
import { SystemSettings } from './system-settings';
import { ISystemWorkload } from './system-workload';

/** The props of a cdk8s-plus Pod and one group of our own. */
export interface SystemPodProps extends kplus.PodProps {
  /**
   * What the pod has beyond cdk8s-plus.
   *
   * @default - runs under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;
}

/**
 * A pod that runs as a system container: root inside, nobody outside. It is a cdk8s-plus Pod with the runtime class, a
 * user namespace and no service links. Root, a writable root filesystem and setuid programs are allowed inside, and
 * requests, limits and a pull policy are rendered only when given; what is given is never changed.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { SystemPod } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * new SystemPod(chart, 'Shell', {
 *   containers: [{ image: 'docker.io/library/ubuntu:24.04', command: ['sleep', 'infinity'] }],
 * });
 */
export class SystemPod extends kplus.Pod implements ISystemWorkload {
  private readonly pods: SystemPods;

  constructor(scope: Construct, id: string, props: SystemPodProps = {}) {
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
