import { Path } from '../core/json';
import { PodFacts } from './pod-facts';
import { RuleSeverity } from './severity';

/**
 * Something that does not follow a rule.
 *
 * @internal
 */
export interface Problem {
  /** Where, from the pod spec (or `metadata` of the pod). */
  readonly at: Path;
  /** What was found, without its reason: "container 'main' is privileged". */
  readonly what: string;
}

/**
 * What makes a manifest unsafe or broken under Sysbox: one rule a file of the catalog.
 *
 * @internal
 */
export interface Rule {
  readonly id: string;
  readonly severity: RuleSeverity;
  /** Why it matters, as the second half of "<what was found>: <reason>". */
  readonly reason: string;
  /** What to write instead, a sentence without its full stop. */
  readonly remedy: string;
  /** Where the fact comes from. */
  readonly source: string;
  /** True where no such pod ever starts: there is nothing to acknowledge then. */
  readonly final?: boolean;
  /** True for a pod that follows the rule; see cel.ts for its variables. Absent where CEL cannot say it. */
  readonly cel?: string;
  /**
   * Fields of a pod spec or of a container: where a pod has none of them, it follows the rule. Absent where it needs to be
   * checked in any case.
   */
  readonly about?: string[];
  readonly check: (pod: PodFacts) => Problem[];
}
