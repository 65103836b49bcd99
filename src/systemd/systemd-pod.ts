import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { SystemPod, SystemPodProps } from '../workloads/system-pod';
import { SystemdMachine } from './systemd-machine';
import { SystemdOptions } from './systemd-options';

/** The props of a SystemPod, and its systemd machine. */
export interface SystemdPodProps extends SystemPodProps {
  /** The machine's container: its image, which has systemd at /sbin/init, resources and whatever else a container has. */
  readonly machine: kplus.ContainerProps;

  /**
   * How systemd is set up.
   *
   * @default - see `SystemdOptions`
   */
  readonly systemd?: SystemdOptions;
}

/** A pod that boots systemd. */
export class SystemdPod extends SystemPod {
  /** The machine. */
  public readonly systemd: SystemdMachine;

  constructor(scope: Construct, id: string, props: SystemdPodProps) {
    super(scope, id, props);
    this.systemd = SystemdMachine.on(this, props.machine, props.systemd);
  }
}
