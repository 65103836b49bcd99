import { IConstruct } from 'constructs';
import { RULES } from './catalog';
import { checkManifests, Located, pathOf } from './check-manifests';
import { messageOf } from './check-pod';
import { enforceIn } from './enforce';
import { RuleFinding } from './finding';
import { mapOf, textOf } from '../core/json';
import { RuleDescription } from './rule-description';
import { RuleCheckOptions } from './rules-options';

/** What makes a manifest unsafe or broken under Sysbox. */
export class SystemPodRules {
  /** All rules, in words. */
  public static all(): RuleDescription[] {
    return RULES.map(({ id, severity, reason, remedy, source, final, cel }) => {
      return { id, severity, reason, remedy, source, acknowledgeable: !final, cel };
    });
  }

  /**
   * Check manifests, whoever made them. Pods that do not run under Sysbox are left alone.
   *
   * @param manifests objects as they are on the wire; lists are looked into
   * @param options which pods run under Sysbox
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  public static check(manifests: any[], options: RuleCheckOptions = {}): RuleFinding[] {
    return checkManifests(manifests, options.runtimeClassNames).map(toFinding);
  }

  /**
   * Make errors of the rules errors of the synth, for every object under the scope, also included manifests and those of
   * other libraries. The constructs of this library do that by themselves.
   *
   * @param scope an app, a chart or any other construct
   * @param options which pods run under Sysbox
   */
  public static enforceIn(scope: IConstruct, options: RuleCheckOptions = {}): void {
    enforceIn(scope, options.runtimeClassNames);
  }

  private constructor() {}
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
