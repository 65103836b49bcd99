import { RuleSeverity } from './severity';

/** One of the rules, in words. */
export interface RuleDescription {
  /** Short name, used to acknowledge it. */
  readonly id: string;

  /** What happens when it is not followed. */
  readonly severity: RuleSeverity;

  /** Why it matters. */
  readonly reason: string;

  /** What to write instead. */
  readonly remedy: string;

  /** Where the fact comes from. */
  readonly source: string;

  /** Whether it can be acknowledged: false where no such pod ever starts. */
  readonly acknowledgeable: boolean;

  /**
   * The rule in CEL, true for a pod that follows it; `variables.spec`, `variables.metadata`, `variables.containers` and
   * `variables.concurrent` are those of the admission policies.
   *
   * @default - CEL cannot say it
   */
  readonly cel?: string;
}
