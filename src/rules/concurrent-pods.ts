import { Json, mapOf } from '../core/json';

/** Stands for "one on each node", or any other number that is not known but above one. */
const MANY = 2;

/**
 * How many pods of a workload can run at a time, a rolling update included.
 *
 * @internal
 */
export function concurrentPods(kind: string, spec: Json): number {
  const { replicas, strategy, parallelism, jobTemplate, concurrencyPolicy } = mapOf(spec);
  switch (kind) {
    case 'Pod':
      return 1;
    case 'DaemonSet':
    case 'SandboxTemplate':
      return MANY;
    case 'Job':
      return numberOr(parallelism, 1);
    case 'CronJob':
      return (concurrencyPolicy ?? 'Allow') === 'Allow'
        ? MANY
        : numberOr(mapOf(mapOf(jobTemplate).spec).parallelism, 1);
    case 'Deployment':
      return numberOr(replicas, 1) + (numberOr(replicas, 1) > 0 && surges(mapOf(strategy)) ? 1 : 0);
    default:
      return numberOr(replicas, 1);
  }
}

function surges(strategy: Record<string, Json>): boolean {
  if (strategy.type === 'Recreate') return false;
  const maxSurge = mapOf(strategy.rollingUpdate).maxSurge ?? '25%';
  return maxSurge !== 0 && maxSurge !== '0%';
}

function numberOr(value: Json, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}
