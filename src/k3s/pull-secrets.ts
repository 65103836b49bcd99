import * as kplus from 'cdk8s-plus-30';
import { ISystemWorkload } from '../workloads';

/**
 * Pulls the images of a workload's pods with these Secrets, too. cdk8s-plus has one (`dockerRegistryAuth`).
 *
 * @internal
 */
export function pullWith(workload: ISystemWorkload, secrets: kplus.ISecret[] = []): void {
  if (secrets.length === 0) return;
  workload.system._change((spec) => ({
    ...spec,
    imagePullSecrets: [...(spec.imagePullSecrets ?? []), ...secrets.map(({ name }) => ({ name }))],
  }));
}
