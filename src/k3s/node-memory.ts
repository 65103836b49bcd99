import { SizeRoundingBehavior } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';

/**
 * What K3s itself exceeds, before any pod: below it the kernel ends K3s at each start. K3s measured 1,215 MB for a server and 268
 * MB for an agent (https://docs.k3s.io/reference/resource-profiling); these are well below, since components can be disabled.
 */
const LEAST_MEBIBYTES = { server: 512, agent: 192 };

/** @internal */
export function assertMemory(
  role: 'server' | 'agent',
  resources: kplus.ContainerResources | undefined,
  where: string,
): void {
  const limit = resources?.memory?.limit?.toMebibytes({ rounding: SizeRoundingBehavior.FLOOR });
  const least = LEAST_MEBIBYTES[role];
  if (limit === undefined || limit >= least) return;
  throw new Error(
    `${where}: a memory limit of ${limit} MiB is less than K3s itself needs as ${role === 'server' ? 'a server' : 'an agent'}. ` +
      `Give at least ${least} MiB, and what the nested pods need on top`,
  );
}
