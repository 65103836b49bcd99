import { Json, mapOf } from '../core/json';

/** With the rule's id behind it: the annotation that says why a rule is not followed. */
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
 * Reasons by rule, from annotations of a pod and of the object that it is of. An empty reason is none.
 *
 * @internal
 */
export function acknowledgedIn(...annotations: Json[]): Record<string, string> {
  const reasons: Record<string, string> = {};
  for (const [key, reason] of annotations.flatMap((some) => Object.entries(mapOf(some)))) {
    const said = typeof reason === 'string' && reason.trim() !== '';
    if (key.startsWith(PREFIX) && said) reasons[key.slice(PREFIX.length)] = reason;
  }
  return reasons;
}
