import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { mapOf, textOf } from '../core/json';
import { hasOwnWarnings, WarningMode, warningMode, warnings } from '../core/warnings';
import { RULES } from './catalog';
import { checkManifests, Located, pathOf } from './check-manifests';
import { isBlocking, messageOf } from './check-pod';
import { RuleSeverity } from './rule';

/** A rule that an object breaks. */
export interface RuleFinding {
  /** Id of the rule. */
  readonly rule: string;

  /** Whether it stops a synth, a check or an admission. */
  readonly severity: RuleSeverity;

  /** What was found, why it matters, and what to write instead. */
  readonly message: string;

  /** Kind of the object. */
  readonly objectKind: string;

  /** Name of the object; empty if it has none. */
  readonly objectName: string;

  /**
   * Namespace of the object.
   *
   * @default - the object names none
   */
  readonly objectNamespace?: string;

  /** Index of the manifest among those that were checked, from 0. */
  readonly manifest: number;

  /** Keys and indexes from the root of the manifest, as in "spec.containers[0].image". */
  readonly path: string;

  /**
   * The reason given in an annotation for breaking the rule. An acknowledged error does not fail a check.
   *
   * @default - the rule is not acknowledged
   */
  readonly acknowledged?: string;
}

/** A rule in words. */
export interface RuleDescription {
  /** Short name, used to acknowledge the rule. */
  readonly id: string;

  /** Whether a broken rule stops a synth, a check or an admission. */
  readonly severity: RuleSeverity;

  /** Why the rule exists. */
  readonly reason: string;

  /** What to write instead. */
  readonly remedy: string;

  /** Where the fact comes from. */
  readonly source: string;

  /** Whether the rule can be acknowledged. It cannot where no such pod ever starts. */
  readonly acknowledgeable: boolean;

  /**
   * The rule in CEL, true for a pod that follows it. `variables.spec`, `variables.metadata`, `variables.containers` and
   * `variables.concurrent` are defined by the admission policies.
   *
   * @default - the rule cannot be expressed in CEL
   */
  readonly cel?: string;
}

/** Which pods the rules apply to. */
export interface RuleCheckOptions {
  /**
   * Names of the RuntimeClasses, or of their handlers, whose pods run under Sysbox. They replace the default. A RuntimeClass
   * among the checked manifests with such a handler counts, whatever its name.
   *
   * @default ["sysbox-runc"]
   */
  readonly runtimeClassNames?: string[];

  /**
   * Number of ids in the user namespace of a pod, as in `userNamespaces.idsPerPod` of the kubelet's configuration: a
   * multiple of 65536.
   *
   * @default 65536
   */
  readonly idsPerPod?: number;
}

/** How the rules are enforced in an app. */
export interface RuleEnforcementOptions extends RuleCheckOptions {
  /**
   * What becomes of warnings about the objects. Workloads of this library, and adopted ones, have a mode of their own.
   *
   * @default - WarningMode.PRINT, or what the environment variable CDK8S_SYSBOX_WARNINGS says: `off` or `error`
   */
  readonly warnings?: WarningMode;
}

/**
 * The rules that system pods follow, for manifests of any origin.
 *
 * @example
 * import { SystemPodRules } from 'cdk8s-sysbox';
 *
 * const pod = {
 *   apiVersion: 'v1',
 *   kind: 'Pod',
 *   metadata: { name: 'ci' },
 *   spec: { runtimeClassName: 'sysbox-runc', containers: [{ name: 'main', image: 'docker.io/library/docker:29-dind' }] },
 * };
 *
 * for (const { rule, path, message } of SystemPodRules.check([pod])) console.log(rule, path, message);
 */
export class SystemPodRules {
  /** All rules, in words. */
  public static all(): RuleDescription[] {
    return RULES.map(({ id, severity, reason, remedy, source, notAcknowledgeable, cel }) => {
      return { id, severity, reason, remedy, source, acknowledgeable: !notAcknowledgeable, cel };
    });
  }

  /**
   * Checks manifests of any origin. Pods that do not run under Sysbox are ignored.
   *
   * @param manifests objects as `kubectl` reads them, Lists included
   * @param options which pods run under Sysbox
   */
  public static check(manifests: any[], options: RuleCheckOptions = {}): RuleFinding[] {
    return checkManifests(manifests, options).violations.map(toFinding);
  }

  /**
   * Makes rule errors fail the synth, and prints warnings, for every object under the scope, including manifests of an `Include`
   * and objects of other libraries. The constructs of this library do so by themselves.
   *
   * @param scope an app, a chart or any other construct
   * @param options which pods run under Sysbox, and what becomes of warnings
   */
  public static enforceIn(scope: IConstruct, options: RuleEnforcementOptions = {}): void {
    // cdk8s validates the whole app once per chart: objects that passed are not rendered again
    let validated = false;
    const validate = () => {
      if (validated) return [];
      const errors = errorsIn(scope, options);
      validated = errors.length === 0;
      return errors;
    };
    scope.node.addValidation({ validate });
  }

  private constructor() {}
}

function errorsIn(scope: IConstruct, options: RuleEnforcementOptions): string[] {
  const objects = scope.node.findAll().filter((construct): construct is ApiObject => ApiObject.isApiObject(construct));
  const manifests = objects.map((object) => object.toJson());
  const { violations } = checkManifests(manifests, options);
  const mode = warningMode(options.warnings);
  return violations.flatMap((violation) => {
    const object = objects[violation.manifest] as ApiObject;
    const message = messageOf(violation);
    if (isBlocking(violation)) return [`${object.node.path}: ${message}`];
    if (violation.acknowledged !== undefined || hasOwnWarnings(object)) return [];
    return warnings(object, [message], mode).map((error) => `${object.node.path}: ${error}`);
  });
}

function toFinding(violation: Located): RuleFinding {
  const { name, namespace } = mapOf(violation.object.metadata);
  return {
    rule: violation.rule.id,
    severity: violation.rule.severity,
    message: messageOf(violation),
    objectKind: textOf(violation.object.kind),
    objectName: textOf(name),
    objectNamespace: namespace,
    manifest: violation.manifest,
    path: pathOf(violation),
    acknowledged: violation.acknowledged,
  };
}
