import { Construct } from 'constructs';
import { SystemPod, SystemPodProps } from '../workloads/system-pod';
import { SystemdMachine } from './systemd-machine';
import { SystemdMachineOptions } from './systemd-options';

/** The props of a SystemPod, and its systemd machine. */
export interface SystemdPodProps extends SystemPodProps {
  /** The machine: its container, and how systemd is set up. */
  readonly systemd: SystemdMachineOptions;
}

/**
 * A pod that boots systemd.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { SystemdPod } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * new SystemdPod(chart, 'Machine', {
 *   systemd: {
 *     container: { image: 'registry.example.org/debian-systemd:12' },
 *     readiness: { units: ['postgresql.service'] },
 *   },
 * });
 */
export class SystemdPod extends SystemPod {
  /** The machine. */
  public readonly systemd: SystemdMachine;

  constructor(scope: Construct, id: string, props: SystemdPodProps) {
    super(scope, id, props);
    this.systemd = SystemdMachine.on(this, props.systemd);
  }
}
