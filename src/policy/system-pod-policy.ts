import { DEFAULT_RUNTIME_CLASS } from '../core/labels';
import { claimNames } from '../core/unique-names';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { RULES } from '../rules/catalog';
import { assertIdsPerPod } from '../core/ids-per-pod';
import { RuleSeverity } from '../rules/rule';
import { clusterScoped } from '../core/cluster-scoped';
import { assertLabel, assertLabelName, assertSubdomain } from '../core/names';
import { VERIFICATION_NAMESPACE, verificationClassOf } from '../runtime/verification';
import { inNamespaces, NamespaceSelectionOptions } from './namespace-selection';
import { isSystemPod, POD_RESOURCES, podVariables, TEMPLATE_CHANGED, toValidation } from './pod-cel';

/** What happens to an object that breaks a rule of severity error. */
export enum PolicyAction {
  /** The API server rejects it. */
  DENY = 'Deny',

  /** It is admitted, and the client gets a warning. */
  WARN = 'Warn',

  /** It is admitted, and the API server's audit log has an entry. */
  AUDIT = 'Audit',
}

/** Which pods the policies apply to, and what happens when a rule is broken. */
export interface SystemPodPolicyProps {
  /**
   * Prefix of the policies' names, a DNS subdomain name. The policies are cluster-scoped: two of these constructs in one
   * cluster need two names.
   *
   * @default "sysbox-pods"
   */
  readonly name?: string;

  /**
   * Names of the RuntimeClasses whose pods the rules apply to. They replace the default.
   *
   * @default ["sysbox-runc"]
   */
  readonly runtimeClassNames?: string[];

  /**
   * What happens to an object that breaks a rule of severity error. DENY and WARN exclude each other.
   *
   * @default [PolicyAction.DENY]
   */
  readonly actions?: PolicyAction[];

  /**
   * Whether clients are warned about rules of severity warning.
   *
   * @default true
   */
  readonly warnings?: boolean;

  /**
   * Ids of rules that are not enforced.
   *
   * @default - none: every rule that can be expressed in CEL is enforced
   */
  readonly excludedRules?: string[];

  /**
   * Admit objects whose broken rules are acknowledged by an annotation with a reason. Anyone who may create a pod may
   * annotate it: turn this on where the rules are advice, and leave it off where they are a boundary.
   *
   * @default false
   */
  readonly honorAcknowledgements?: boolean;

  /**
   * Number of ids in the user namespace of a pod, as in `userNamespaces.idsPerPod` of the kubelet's configuration: a
   * multiple of 65536.
   *
   * @default 65536
   */
  readonly idsPerPod?: number;

  /**
   * Names of namespaces in which the policies do not apply.
   *
   * @default - none
   */
  readonly exemptNamespaces?: string[];

  /**
   * The only namespaces in which pods may use the RuntimeClasses.
   *
   * @default - all
   */
  readonly allowedIn?: NamespaceSelectionOptions;

  /**
   * Namespaces in which every pod must use one of the RuntimeClasses.
   *
   * @default - none
   */
  readonly requiredIn?: NamespaceSelectionOptions;
}

/**
 * The rules as admission policies of the cluster, for pods and for all workloads that create pods, whatever tool wrote them.
 * An existing workload is checked again only when its pod template changes.
 *
 * The second RuntimeClass, with which the installer verifies nodes, is for the namespace `sysbox-verification` only: it has no scheduling,
 * and the rules do not apply to its pods.
 *
 * Rules that compare several objects are not included: CEL sees one object at a time.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { PolicyAction, SystemPodPolicy } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'policies');
 *
 * new SystemPodPolicy(chart, 'SystemPods', {
 *   actions: [PolicyAction.WARN], // later, leave it out: DENY
 *   requiredIn: { labels: { 'example.com/sandbox': 'yes' } },
 * });
 *
 * app.synth();
 */
export class SystemPodPolicy extends Construct {
  /** Names of the ValidatingAdmissionPolicies; each has a binding of the same name. */
  public readonly policyNames: string[] = [];

  private readonly runtimeClassNames: string[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: SystemPodPolicyProps = {},
  ) {
    super(scope, id);
    const name = props.name ?? 'sysbox-pods';
    this.assertProps(name);
    this.runtimeClassNames = props.runtimeClassNames ?? [DEFAULT_RUNTIME_CLASS];
    this.addRules(name, RuleSeverity.ERROR, props.actions ?? [PolicyAction.DENY]);
    if (props.warnings ?? true) this.addRules(`${name}-warnings`, RuleSeverity.WARNING, [PolicyAction.WARN]);
    this.addNamespaces(`${name}-namespaces`, props.actions ?? [PolicyAction.DENY]);
    claimNames(this);
  }

  private addRules(name: string, severity: RuleSeverity, actions: PolicyAction[]): void {
    const { excludedRules = [], honorAcknowledgements = false, idsPerPod } = this.props;
    const rules = RULES.filter(
      (rule) => rule.cel !== undefined && rule.severity === severity && !excludedRules.includes(rule.id),
    );
    if (rules.length === 0) return;
    this.addPolicy(name, actions, {
      matchConditions: [{ name: 'system-pod', expression: isSystemPod(this.runtimeClassNames) }, TEMPLATE_CHANGED],
      variables: podVariables(idsPerPod),
      validations: rules.map((rule) => toValidation(rule, honorAcknowledgements)),
    });
  }

  private addNamespaces(name: string, actions: PolicyAction[]): void {
    const { allowedIn, requiredIn } = this.props;
    const system = isSystemPod(this.runtimeClassNames);
    const classes = this.runtimeClassNames.map((c) => `'${c}'`).join(', ');
    const verificationClasses = this.runtimeClassNames.map(verificationClassOf);
    const validations: kplus.k8s.Validation[] = [];
    if (allowedIn) {
      validations.push({
        expression: `!(${system}) || ${inNamespaces(allowedIn)}`,
        message: `pods of this namespace may not use the RuntimeClass ${classes}. Ask the administrator of the cluster to allow it`,
      });
    }
    if (requiredIn) {
      validations.push({
        expression: `!(${inNamespaces(requiredIn)}) || ${system}`,
        message: `pods of this namespace must use the RuntimeClass ${classes}. Set runtimeClassName, and hostUsers to false`,
      });
    }
    validations.push({
      expression: `!(${isSystemPod(verificationClasses)}) || ${inNamespaces({ names: [VERIFICATION_NAMESPACE] })}`,
      message: `only the installer's pods in ${VERIFICATION_NAMESPACE} may use the RuntimeClass ${verificationClasses.join(', ')}. Use ${classes}`,
    });
    this.addPolicy(name, actions, { matchConditions: [TEMPLATE_CHANGED], validations });
  }

  private addPolicy(
    name: string,
    validationActions: PolicyAction[],
    spec: kplus.k8s.ValidatingAdmissionPolicySpec,
  ): void {
    const policy = clusterScoped(
      new kplus.k8s.KubeValidatingAdmissionPolicy(this, name, {
        metadata: { name },
        spec: { failurePolicy: 'Fail', matchConstraints: { resourceRules: POD_RESOURCES }, ...spec },
      }),
    );
    clusterScoped(
      new kplus.k8s.KubeValidatingAdmissionPolicyBinding(this, `${name}-binding`, {
        metadata: { name },
        spec: { policyName: policy.name, validationActions, matchResources: this.scopeOfBinding() },
      }),
    );
    this.policyNames.push(name);
  }

  private scopeOfBinding(): kplus.k8s.MatchResources | undefined {
    const { exemptNamespaces = [] } = this.props;
    if (exemptNamespaces.length === 0) return undefined;
    const notThese = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: exemptNamespaces };
    return { namespaceSelector: { matchExpressions: [notThese] } };
  }

  private assertProps(name: string): void {
    const where = this.node.path;
    const { actions, exemptNamespaces = [], runtimeClassNames, excludedRules = [], idsPerPod } = this.props;
    assertSubdomain(name, `${where}: name`);
    if (runtimeClassNames?.length === 0) {
      throw new Error(`${where}: runtimeClassNames is empty. Name a RuntimeClass, or omit it for sysbox-runc`);
    }
    for (const className of runtimeClassNames ?? []) assertSubdomain(className, `${where}: runtimeClassNames`);
    if (idsPerPod !== undefined) assertIdsPerPod(idsPerPod, `${where}: idsPerPod`);
    if (actions?.length === 0) throw new Error(`${where}: actions is empty. Give at least one, such as AUDIT`);
    if (actions?.includes(PolicyAction.DENY) && actions.includes(PolicyAction.WARN)) {
      throw new Error(`${where}: actions has both DENY and WARN, which the API server rejects. Omit one`);
    }
    for (const namespace of exemptNamespaces) assertLabelName(namespace, `${where}: exemptNamespaces`);
    this.assertSelections();
    const enforceable = RULES.filter((rule) => rule.cel !== undefined).map((rule) => rule.id);
    const unknown = excludedRules.find((rule) => !enforceable.includes(rule));
    if (unknown !== undefined) {
      throw new Error(
        `${where}: excludedRules: the policy has no rule '${unknown}'. Its rules are ${enforceable.join(', ')}`,
      );
    }
  }

  private assertSelections(): void {
    const { allowedIn, requiredIn } = this.props;
    for (const [prop, selection] of Object.entries({ allowedIn, requiredIn })) {
      const where = `${this.node.path}: ${prop}`;
      // CEL compares with whatever is written: a name that no namespace can have would require nothing
      for (const namespace of selection?.names ?? []) assertLabelName(namespace, where);
      for (const [key, value] of Object.entries(selection?.labels ?? {})) assertLabel(key, value, where);
      if (selection && inNamespaces(selection) === '') {
        throw new Error(`${where} selects no namespace. Give names or labels, or omit it`);
      }
    }
  }
}
