/** What happens when a rule is not followed. */
export enum RuleSeverity {
  /** The pod does not start, does not do what its manifest says, or is refused by Pod Security Baseline. */
  ERROR = 'error',

  /** The pod runs; something about it will surprise somebody. */
  WARNING = 'warning',
}
