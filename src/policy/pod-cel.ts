import * as kplus from 'cdk8s-plus-30';
import { acknowledgeAnnotation } from '../rules/acknowledgements';
import { CEL_CONCURRENT, CEL_CONTAINERS, celList, celString } from '../rules/cel';
import { Rule } from '../rules/rule';
import { NamespaceSelection } from './namespace-selection';

/** What has the metadata and the spec of a pod, in a Pod, a CronJob, and all other workloads. */
const TEMPLATE =
  '(has(object.spec.jobTemplate) ? dyn(object.spec.jobTemplate.spec.template) : ' +
  'has(object.spec.template) ? dyn(object.spec.template) : dyn(object))';
const OLD_TEMPLATE = TEMPLATE.replaceAll('object.', 'oldObject.').replace('dyn(object)', 'dyn(oldObject)');

/**
 * Every way in which a pod is made: by itself, by a template, or later, by a container that is added to it. The update of
 * a pod is none of them, so that what runs already can still be labelled and deleted.
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
 * Only what changes the pods: a controller that counts replicas of an old workload must not be stopped.
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
export const POD_VARIABLES: kplus.k8s.Variable[] = [
  { name: 'template', expression: TEMPLATE },
  { name: 'spec', expression: 'variables.template.spec' },
  { name: 'metadata', expression: 'variables.template.?metadata.orValue({})' },
  { name: 'containers', expression: CEL_CONTAINERS },
  { name: 'concurrent', expression: CEL_CONCURRENT },
];

/**
 * Only pods that run under one of these classes.
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
export function toValidation(rule: Rule, honourAcknowledgements: boolean): kplus.k8s.Validation {
  const key = celString(acknowledgeAnnotation(rule.id));
  const acknowledged = ['variables.metadata', 'object.metadata']
    .map((metadata) => `${metadata}.?annotations[?${key}].orValue('') != ''`)
    .join(' || ');
  const honour = honourAcknowledgements && !rule.final;
  return {
    expression: honour ? `(${rule.cel}) || ${acknowledged}` : (rule.cel as string),
    message: `rule ${rule.id}: ${rule.reason}. ${rule.remedy}`,
  };
}

/**
 * True in one of these namespaces.
 *
 * @internal
 */
export function inNamespaces({ names = [], labels = {} }: NamespaceSelection): string {
  const byLabel = Object.entries(labels).map(
    ([key, value]) => `namespaceObject.metadata.?labels[?${celString(key)}].orValue('') == ${celString(value)}`,
  );
  const byName = `namespaceObject.metadata.name in ${celList(names)}`;
  return [...(names.length ? [byName] : []), ...(byLabel.length ? [`(${byLabel.join(' && ')})`] : [])].join(' || ');
}

function rule(apiGroup: string, operations: string[], resources: string[]): kplus.k8s.NamedRuleWithOperations {
  return { apiGroups: [apiGroup], apiVersions: ['v1'], operations, resources };
}
