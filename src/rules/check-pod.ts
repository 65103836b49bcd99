import { RULES } from './catalog';
import { PodFacts } from './pod-facts';
import { Problem, Rule, RuleSeverity } from './rule';

/**
 * A rule that a pod breaks.
 *
 * @internal
 */
export interface Violation {
  readonly rule: Rule;
  readonly problem: Problem;
  /** The reason given in an annotation for breaking the rule. */
  readonly acknowledged?: string;
}

/**
 * All rules over one pod.
 *
 * @internal
 */
export function checkPod(pod: PodFacts, acknowledged: Record<string, string> = {}): Violation[] {
  const violations: Violation[] = [];
  for (const rule of rulesFor(Object.keys(pod.fields))) {
    for (const problem of rule.check(pod)) {
      violations.push({ rule, problem, acknowledged: rule.notAcknowledgeable ? undefined : acknowledged[rule.id] });
    }
  }
  return violations;
}

/** By the fields that a pod has: the pods of an app have few such sets. */
const applicable = new Map<string, Rule[]>();

function rulesFor(fields: string[]): Rule[] {
  const key = fields.join();
  let rules = applicable.get(key);
  if (!rules) {
    rules = RULES.filter(({ about }) => !about || about.some((field) => fields.includes(field)));
    applicable.set(key, rules);
  }
  return rules;
}

/**
 * True if it fails a synth, a check or an admission.
 *
 * @internal
 */
export function isBlocking({ rule, acknowledged }: Violation): boolean {
  return rule.severity === RuleSeverity.ERROR && acknowledged === undefined;
}

/**
 * What was found, why it matters, what to write instead, and the rule.
 *
 * @internal
 */
export function messageOf({ rule, problem }: Violation): string {
  return `${problem.what}: ${rule.reason}. ${rule.remedy} (rule ${rule.id})`;
}
