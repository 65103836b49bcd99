import * as kplus from 'cdk8s-plus-30';
import { acknowledgeAnnotation } from '../rules/acknowledgements';
import { CEL_CONCURRENT, CEL_CONTAINERS, celList, celString } from '../rules/cel';
import { DEFAULT_IDS_PER_POD } from '../core/ids-per-pod';
import { Rule } from '../rules/rule';

/** The object that has the metadata and the spec of a pod, in a Pod, a CronJob, and all other workloads. */
const TEMPLATE =
  '(has(object.spec.jobTemplate) ? dyn(object.spec.jobTemplate.spec.template) : ' +
  'has(object.spec.template) ? dyn(object.spec.template) : dyn(object))';
const OLD_TEMPLATE = TEMPLATE.replaceAll('object.', 'oldObject.').replace('dyn(object)', 'dyn(oldObject)');

/**
 * Everything that creates a pod or adds a container to one. Updates of pods are not included, so that existing pods can
 * still be labelled and deleted.
 *
 * @internal
 */
export const POD_RESOURCES: kplus.k8s.NamedRuleWithOperations[] = [
  rule('', ['CREATE'], ['pods']),
  rule('', ['UPDATE'], ['pods/ephemeralcontainers']),
  rule('', ['CREATE', 'UPDATE'], ['replicationcontrollers']),
  rule('apps', ['CREATE', 'UPDATE'], ['deployments', 'statefulsets', 'daemonsets', 'replicasets']),
  rule('batch', ['CREATE', 'UPDATE'], ['jobs', 'cronjobs']),
];

/**
 * True when the pods change: a controller that scales an old workload must not be stopped.
 *
 * @internal
 */
export const TEMPLATE_CHANGED: kplus.k8s.MatchCondition = {
  name: 'template-changed',
  expression: `request.operation == 'CREATE' || request.?subResource.orValue('') != '' || ${TEMPLATE} != ${OLD_TEMPLATE}`,
};

/**
 * The variables that rules are written with.
 *
 * @internal
 */
export function podVariables(idsPerPod = DEFAULT_IDS_PER_POD): kplus.k8s.Variable[] {
  return [
    { name: 'template', expression: TEMPLATE },
    { name: 'spec', expression: 'variables.template.spec' },
    { name: 'metadata', expression: 'variables.template.?metadata.orValue({})' },
    { name: 'containers', expression: CEL_CONTAINERS },
    { name: 'concurrent', expression: CEL_CONCURRENT },
    { name: 'idsPerPod', expression: String(idsPerPod) },
  ];
}

/**
 * True for pods that run under one of these RuntimeClasses.
 *
 * @internal
 */
export function isSystemPod(runtimeClassNames: string[]): string {
  return `${TEMPLATE}.spec.?runtimeClassName.orValue('') in ${celList(runtimeClassNames)}`;
}

/**
 * A rule as a validation.
 *
 * @internal
 */
export function toValidation(rule: Rule, honorAcknowledgements: boolean): kplus.k8s.Validation {
  const key = celString(acknowledgeAnnotation(rule.id));
  const acknowledged = ['variables.metadata', 'object.metadata']
    .map((metadata) => `${metadata}.?annotations[?${key}].orValue('') != ''`)
    .join(' || ');
  const honor = honorAcknowledgements && !rule.notAcknowledgeable;
  return {
    expression: honor ? `(${rule.cel}) || ${acknowledged}` : (rule.cel as string),
    message: `rule ${rule.id}: ${rule.reason}. ${rule.remedy}`,
  };
}

function rule(apiGroup: string, operations: string[], resources: string[]): kplus.k8s.NamedRuleWithOperations {
  return { apiGroups: [apiGroup], apiVersions: ['v1'], operations, resources };
}
