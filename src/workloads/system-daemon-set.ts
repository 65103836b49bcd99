import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { remember, systemContainerProps, systemPodProps } from './plus-defaults';
import { SystemOptions } from './system-options';
import { SystemPods } from './system-pods';
import { SystemSettings } from './system-settings';
import { ISystemWorkload } from './system-workload';

/** The props of a cdk8s-plus DaemonSet and one group of our own. */
export interface SystemDaemonSetProps extends kplus.DaemonSetProps {
  /**
   * What the pods have beyond cdk8s-plus.
   *
   * @default - they run under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;
}

/**
 * A cdk8s-plus DaemonSet whose pods are system pods: see `SystemPod`.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { SystemDaemonSet } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * new SystemDaemonSet(chart, 'Agents', {
 *   containers: [{ image: 'registry.example.org/build-agent:2.7' }],
 *   system: { nodeSelector: { pool: 'builds' } },
 * });
 */
export class SystemDaemonSet extends kplus.DaemonSet implements ISystemWorkload {
  private readonly pods: SystemPods;

  constructor(scope: Construct, id: string, props: SystemDaemonSetProps = {}) {
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
