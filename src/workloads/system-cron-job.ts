import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { remember, systemContainerProps, systemPodProps } from './plus-defaults';
import { SystemOptions } from './system-options';
import { SystemPods } from './system-pods';
import { SystemSettings } from './system-settings';
import { ISystemWorkload } from './system-workload';
import { assertShortName } from './workload-name';

/** The props of a cdk8s-plus CronJob and one group of our own. */
export interface SystemCronJobProps extends kplus.CronJobProps {
  /**
   * What the pods have beyond cdk8s-plus.
   *
   * @default - they run under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;
}

/**
 * A cdk8s-plus CronJob whose pods are system pods: see `SystemPod`. Refused: a name of more than 52 characters.
 *
 * @example
 * import { Chart, Cron } from 'cdk8s';
 * import { SystemCronJob } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * new SystemCronJob(chart, 'Nightly', {
 *   schedule: Cron.daily(),
 *   containers: [{ image: 'registry.example.org/nightly-build:1.4' }],
 * });
 */
export class SystemCronJob extends kplus.CronJob implements ISystemWorkload {
  private readonly pods: SystemPods;

  constructor(scope: Construct, id: string, props: SystemCronJobProps) {
    super(scope, id, systemPodProps(props));
    assertShortName(this);
    this.pods = new SystemPods(this, props, () => {
      return { concurrencyPolicy: this.concurrencyPolicy };
    });
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
