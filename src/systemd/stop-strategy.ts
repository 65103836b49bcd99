import { ClusterFeatures } from '../runtime/cluster-version';
import { clusterOf } from '../runtime/runtime-check';
import { ISystemWorkload } from '../workloads/system-workload';

const SIGNAL = 'SIGRTMIN+3';

/**
 * How systemd is asked to shut down. Kubernetes sends SIGTERM, at which systemd only re-executes itself, so that the pod
 * would be killed at the end of its grace period; SIGRTMIN+3 is what shuts it down.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { SystemdPod, SystemdStop } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * // The image's Dockerfile has the line `STOPSIGNAL SIGRTMIN+3`.
 * new SystemdPod(chart, 'Machine', {
 *   systemd: {
 *     container: { image: 'registry.example.org/debian-systemd:12' },
 *     stop: SystemdStop.imageSignal(),
 *   },
 * });
 */
export class SystemdStop {
  /** A preStop hook that sends the signal and waits for the end. It works with every image and every cluster. */
  public static preStop(): SystemdStop {
    return new SystemdStop('preStop');
  }

  /** The image says `STOPSIGNAL SIGRTMIN+3`, or 37 where the container engine does not know that name. */
  public static imageSignal(): SystemdStop {
    return new SystemdStop('imageSignal');
  }

  /**
   * `lifecycle.stopSignal` of the container. Refused unless the runtime names the feature gate ContainerStopSignals
   * (Kubernetes 1.33 and later, off by default): without it the API server drops the field silently (measured on
   * 1.36).
   */
  public static lifecycleSignal(): SystemdStop {
    return new SystemdStop('lifecycleSignal');
  }

  private constructor(private readonly kind: 'preStop' | 'imageSignal' | 'lifecycleSignal') {}

  /**
   * The command of the preStop hook, where there is one.
   *
   * @internal
   */
  public _preStop(seconds: number): string[] | undefined {
    if (this.kind !== 'preStop') return undefined;
    // the kubelet sends SIGTERM when the hook ends, so it waits; it is gone as soon as PID 1 is
    return ['/bin/sh', '-c', `kill -s RTMIN+3 1; sleep ${seconds}`];
  }

  /** @internal */
  public _applyTo(workload: ISystemWorkload, container: string): void {
    if (this.kind !== 'lifecycleSignal') return;
    const refusal = clusterOf(workload.system.runtime).refusal(ClusterFeatures.stopSignal);
    if (refusal) throw new Error(`${workload.node.path}: ${refusal}. Or use SystemdStop.preStop()`);
    workload.system._patchManifest(({ metadata, spec }) => ({
      metadata,
      spec: {
        ...spec,
        // the API server wants to know whose signals these are
        os: { name: 'linux' },
        containers: spec.containers.map((c: { name: string; lifecycle?: object }) =>
          c.name === container ? { ...c, lifecycle: { ...c.lifecycle, stopSignal: SIGNAL } } : c,
        ),
      },
    }));
  }
}
