import { DEFAULT_RUNTIME_CLASS } from '../core/labels';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { RULES } from '../rules/catalog';
import { Rule } from '../rules/rule';
import { RuleSeverity } from '../rules/severity';
import { clusterScoped } from '../core/cluster-scoped';
import { ISysboxRuntime } from '../runtime/runtime-ref';
import { assertLabel, assertLabelName, assertSubdomain } from '../core/names';
import { NamespaceSelection } from './namespace-selection';
import { inNamespaces, isSystemPod, POD_RESOURCES, POD_VARIABLES, TEMPLATE_CHANGED, toValidation } from './pod-cel';
import { PolicyAction } from './policy-action';

/** Which pods are held to what. */
export interface SystemPodPolicyProps {
  /**
   * Begin of the names of the policies, a DNS subdomain name. They belong to the whole cluster: two policies in one
   * cluster need two names.
   *
   * @default "sysbox-pods"
   */
  readonly name?: string;

  /**
   * The runtimes whose pods are meant.
   *
   * @default - the RuntimeClass "sysbox-runc"
   */
  readonly runtimes?: ISysboxRuntime[];

  /**
   * What happens to an object that breaks a rule which is an error. DENY and WARN exclude each other.
   *
   * @default [PolicyAction.DENY]
   */
  readonly actions?: PolicyAction[];

  /**
   * Whether rules that are warnings are shown to whoever makes an object.
   *
   * @default true
   */
  readonly warnings?: boolean;

  /**
   * Ids of rules that are not enforced.
   *
   * @default - none: all rules that CEL can say are enforced
   */
  readonly without?: string[];

  /**
   * Let in what is acknowledged by an annotation with a reason. Whoever may make a pod may annotate it: turn this on where
   * the rules guide, and leave it off where they guard.
   *
   * @default false
   */
  readonly honourAcknowledgements?: boolean;

  /**
   * Names of namespaces that the rules are not for.
   *
   * @default - none
   */
  readonly exemptNamespaces?: string[];

  /**
   * The only namespaces in which pods may use the runtimes.
   *
   * @default - all
   */
  readonly allowedIn?: NamespaceSelection;

  /**
   * Namespaces in which every pod must use one of the runtimes.
   *
   * @default - none
   */
  readonly requiredIn?: NamespaceSelection;
}

/**
 * The rules as admission policies of the cluster, for pods and for all workloads that make pods, whoever wrote them. A
 * workload that runs already is looked at again only when its pod template changes.
 *
 * Rules that look at several objects at a time are not among them: CEL sees one.
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
    this.refuseBadProps(name);
    this.runtimeClassNames = (props.runtimes ?? [{ runtimeClassName: DEFAULT_RUNTIME_CLASS }]).map(
      (r) => r.runtimeClassName,
    );
    this.addRules(name, RuleSeverity.ERROR, props.actions ?? [PolicyAction.DENY]);
    if (props.warnings ?? true) this.addRules(`${name}-warnings`, RuleSeverity.WARNING, [PolicyAction.WARN]);
    this.addNamespaces(`${name}-namespaces`, props.actions ?? [PolicyAction.DENY]);
  }

  private addRules(name: string, severity: RuleSeverity, actions: PolicyAction[]): void {
    const rules = RULES.filter((rule) => rule.cel !== undefined && rule.severity === severity && !this.isLeftOut(rule));
    if (rules.length === 0) return;
    this.addPolicy(name, actions, {
      matchConditions: [{ name: 'system-pod', expression: isSystemPod(this.runtimeClassNames) }, TEMPLATE_CHANGED],
      variables: POD_VARIABLES,
      validations: rules.map((rule) => toValidation(rule, this.props.honourAcknowledgements ?? false)),
    });
  }

  private addNamespaces(name: string, actions: PolicyAction[]): void {
    const { allowedIn, requiredIn } = this.props;
    const system = isSystemPod(this.runtimeClassNames);
    const classes = this.runtimeClassNames.map((c) => `'${c}'`).join(', ');
    const validations: kplus.k8s.Validation[] = [];
    if (allowedIn) {
      validations.push({
        expression: `!(${system}) || ${inNamespaces(allowedIn)}`,
        message: `pods of this namespace may not use the RuntimeClass ${classes}. Ask who runs the cluster to allow it`,
      });
    }
    if (requiredIn) {
      validations.push({
        expression: `!(${inNamespaces(requiredIn)}) || ${system}`,
        message: `pods of this namespace must use the RuntimeClass ${classes}. Set runtimeClassName, and hostUsers to false`,
      });
    }
    if (validations.length > 0) this.addPolicy(name, actions, { matchConditions: [TEMPLATE_CHANGED], validations });
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

  private isLeftOut(rule: Rule): boolean {
    return this.props.without?.includes(rule.id) ?? false;
  }

  private refuseBadProps(name: string): void {
    const where = this.node.path;
    const { actions, allowedIn, requiredIn, exemptNamespaces = [], runtimes, without = [] } = this.props;
    assertSubdomain(name, `${where}: name`);
    if (runtimes?.length === 0)
      throw new Error(`${where}: runtimes is empty. Name one, or leave it out for sysbox-runc`);
    if (actions?.length === 0) throw new Error(`${where}: actions is empty. Give at least one, such as AUDIT`);
    if (actions?.includes(PolicyAction.DENY) && actions.includes(PolicyAction.WARN)) {
      throw new Error(`${where}: actions has both DENY and WARN, which the API server refuses. Leave one out`);
    }
    for (const namespace of exemptNamespaces) assertLabelName(namespace, `${where}: exemptNamespaces`);
    for (const [prop, selection] of Object.entries({ allowedIn, requiredIn })) {
      // CEL compares with whatever is written: with a name that no namespace can have, nothing would ever be required
      for (const namespace of selection?.names ?? []) assertLabelName(namespace, `${where}: ${prop}`);
      for (const [key, value] of Object.entries(selection?.labels ?? {})) assertLabel(key, value, `${where}: ${prop}`);
      if (selection && inNamespaces(selection) === '') {
        throw new Error(`${where}: ${prop} means no namespace. Give names or labels, or leave it out`);
      }
    }
    const unknown = without.find((rule) => !RULES.some((r) => r.id === rule && r.cel !== undefined));
    if (unknown !== undefined) {
      const ids = RULES.filter((r) => r.cel !== undefined).map((r) => r.id);
      throw new Error(`${where}: the policy has no rule '${unknown}' to leave out. It has: ${ids.join(', ')}`);
    }
  }
}
