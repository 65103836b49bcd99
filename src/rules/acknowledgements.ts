import { Json, mapOf } from '../core/json';

/** Followed by the id of a rule: the annotation that gives the reason for breaking it. */
const PREFIX = 'cdk8s-sysbox.io/acknowledge.';

/**
 * The annotation that acknowledges a rule.
 *
 * @internal
 */
export function acknowledgeAnnotation(rule: string): string {
  return `${PREFIX}${rule}`;
}

/**
 * Reasons by rule, from the annotations of a pod and of its workload. Blank reasons do not count.
 *
 * @internal
 */
export function acknowledgedIn(...annotations: Json[]): Record<string, string> {
  const reasons: Record<string, string> = {};
  for (const [key, reason] of annotations.flatMap((some) => Object.entries(mapOf(some)))) {
    const given = typeof reason === 'string' && reason.trim() !== '';
    if (key.startsWith(PREFIX) && given) reasons[key.slice(PREFIX.length)] = reason;
  }
  return reasons;
}
