import { checkManifests, Located, pathOf } from './check-manifests';
import { isBlocking } from './check-pod';
import { Json, mapOf, textOf } from '../core/json';
import { Rule, RuleSeverity } from './rule';

/** Properties of the plugin, as in cdk8s.yaml. */
export interface SysboxValidationProps {
  /**
   * Names of the RuntimeClasses, or of their handlers, whose pods run under Sysbox. They replace the default.
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

  /**
   * Fail the synth on warnings as well.
   *
   * @default false
   */
  readonly strict?: boolean;
}

/**
 * The rules as a plugin of `cdk8s synth --validate`. In cdk8s.yaml:
 *
 *     validations:
 *       - package: ./node_modules/cdk8s-sysbox
 *         version: 0.1.0
 *         class: SysboxValidation
 *
 * With a validation, cdk8s also writes construct-metadata.json to the output directory; do not apply that file.
 *
 * @example
 * import { SysboxValidation } from 'cdk8s-sysbox';
 *
 * // For a package of your own, whose apps all name this class: the same properties in each of them.
 * export class ClusterValidation extends SysboxValidation {
 *   public constructor() {
 *     super({ strict: true, idsPerPod: 131072 });
 *   }
 * }
 */
export class SysboxValidation {
  constructor(private readonly props: SysboxValidationProps = {}) {}

  /**
   * Called by cdk8s-cli.
   *
   * @param context cdk8s-cli's ValidationContext
   */
  public async validate(context: any): Promise<void> {
    const parsed = context.manifests.flatMap((file: string) =>
      context.parseManifest(file).map((manifest: Json) => ({ file, manifest })),
    ) as { file: string; manifest: Json }[];
    const { violations: found } = checkManifests(
      parsed.map(({ manifest }) => manifest),
      this.props,
    );
    const open = found.filter((violation) => violation.acknowledged === undefined);
    for (const rule of new Set(open.map((violation) => violation.rule))) {
      const violations = open.filter((violation) => violation.rule === rule);
      context.report.addViolation(reportOf(rule, violations, (violation) => parsed[violation.manifest]?.file));
    }
    const failed = this.props.strict ? open.length > 0 : open.some(isBlocking);
    context.report.submit(failed ? 'failure' : 'success', {
      errors: String(open.filter(isBlocking).length),
      warnings: String(open.filter(({ rule }) => rule.severity === RuleSeverity.WARNING).length),
      acknowledged: String(found.length - open.length),
    });
  }
}

function reportOf(rule: Rule, violations: Located[], fileOf: (violation: Located) => string | undefined): object {
  return {
    ruleName: `${rule.id} (${rule.severity})`,
    recommendation: rule.reason,
    fix: rule.remedy,
    violatingResources: violations.map((violation) => ({
      resourceName: textOf(mapOf(violation.object.metadata).name),
      locations: [`${pathOf(violation)}: ${violation.problem.what}`],
      manifestPath: fileOf(violation),
    })),
  };
}
