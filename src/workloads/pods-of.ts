import { SystemDaemonSet } from './system-daemon-set';
import { SystemDeployment } from './system-deployment';
import { SystemStatefulSet } from './system-stateful-set';
import { ISystemWorkload } from './system-workload';

/**
 * How many pods a workload wants at a time: without `replicas` a Deployment of cdk8s-plus has two.
 *
 * @internal
 */
export function podsOf(workload: ISystemWorkload): number {
  if (workload instanceof SystemDaemonSet) return Infinity;
  if (workload instanceof SystemDeployment) return workload.replicas ?? 2;
  return workload instanceof SystemStatefulSet ? (workload.replicas ?? 1) : 1;
}
