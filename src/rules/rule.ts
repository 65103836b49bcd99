import { Path } from '../core/json';
import { PodFacts } from './pod-facts';

/** What breaking a rule means. */
export enum RuleSeverity {
  /** The pod does not start, does not do what its manifest says, or is rejected by Pod Security Baseline. */
  ERROR = 'error',

  /** The pod runs, but probably not as its author expects. */
  WARNING = 'warning',
}

/**
 * Something that breaks a rule.
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
 * Something that makes a manifest unsafe or broken under Sysbox. Each file of the catalog has one rule.
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
  /** True if no such pod ever starts: acknowledging the rule would achieve nothing. */
  readonly notAcknowledgeable?: boolean;
  /** True for a pod that follows the rule; see cel.ts for the variables. Absent if the rule cannot be expressed in CEL. */
  readonly cel?: string;
  /**
   * Fields of a pod spec or of a container, or `annotations` of the pod. A pod without any of them follows the rule and is not checked. Absent if every
   * pod must be checked.
   */
  readonly about?: string[];
  readonly check: (pod: PodFacts) => Problem[];
}
