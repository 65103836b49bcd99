import { RuleSeverity } from './severity';

/** A rule that an object does not follow. */
export interface RuleFinding {
  /** Id of the rule. */
  readonly rule: string;

  /** What happens when it is not followed. */
  readonly severity: RuleSeverity;

  /** What was found, why it matters, and what to write instead. */
  readonly message: string;

  /** Kind of the object. */
  readonly objectKind: string;

  /** Name of the object; empty when it has none. */
  readonly objectName: string;

  /**
   * Namespace of the object.
   *
   * @default - none is given
   */
  readonly objectNamespace?: string;

  /** Number of the manifest among those that were checked, from 0. */
  readonly manifest: number;

  /** Keys and indexes from the root of the manifest, as in "spec.containers[0].image". */
  readonly path: string;

  /**
   * Why the rule is not followed, as somebody decided. An acknowledged error is no error.
   *
   * @default - nobody decided so
   */
  readonly acknowledged?: string;
}
