import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { clusterScoped } from '../core/cluster-scoped';
import { ANNOTATION_PREFIX, NodeLabels } from '../core/labels';

/** Key of the node's name in a token's claims. @internal */
export const NODE_NAME = 'authentication.kubernetes.io/node-name';

// Every field of a NodeSpec but its taints, Kubernetes 1.30 to 1.37 (test/cluster compares with the server's OpenAPI).
const NODE_SPEC = [
  'configSource',
  'externalID',
  'podCIDR',
  'podCIDRs',
  'podPreemptionPolicy',
  'providerID',
  'unschedulable',
];

// RBAC cannot say "the own node only" nor "this label only": `patch nodes` alone would let one node's installer change
// every other node. The API server puts the node of the pod into a ServiceAccount's token since Kubernetes 1.30
// (KEP-4193), so a policy can compare.
const RULES: { readonly expression: string; readonly message: string }[] = [
  {
    expression: `request.userInfo.?extra[?'${NODE_NAME}'].orValue([]).exists(n, n == object.metadata.name)`,
    message: 'the installer may change its own node only',
  },
  {
    expression: unchangedExcept('labels', 'oldLabels', `k == '${NodeLabels.RUNTIME}'`),
    message: `the installer may change no label but ${NodeLabels.RUNTIME}`,
  },
  {
    expression: [
      `!('${NodeLabels.RUNTIME}' in variables.labels) || variables.labels['${NodeLabels.RUNTIME}'] == 'running'`,
      // Left as another installer set it: not ours to judge.
      `variables.labels[?'${NodeLabels.RUNTIME}'] == variables.oldLabels[?'${NodeLabels.RUNTIME}']`,
    ].join(' || '),
    message: `the installer may set ${NodeLabels.RUNTIME} to running only`,
  },
  {
    expression: unchangedExcept('annotations', 'oldAnnotations', `k.startsWith('${ANNOTATION_PREFIX}')`),
    message: `the installer may change annotations under ${ANNOTATION_PREFIX} only`,
  },
  {
    expression: `variables.taints.filter(t, t.key != '${NodeLabels.RUNTIME}') == variables.oldTaints.filter(t, t.key != '${NodeLabels.RUNTIME}')`,
    message: `the installer may change no taint but ${NodeLabels.RUNTIME}`,
  },
  {
    expression: NODE_SPEC.map((field) => `object.spec.?${field} == oldObject.spec.?${field}`).join(' && '),
    message: 'the installer may change nothing of a node spec but its own taint',
  },
  {
    expression:
      'object.metadata.?finalizers == oldObject.metadata.?finalizers && object.metadata.?ownerReferences == oldObject.metadata.?ownerReferences',
    message: 'the installer may change no finalizer and no owner of a node',
  },
];

function unchangedExcept(now: string, before: string, ours: string): string {
  return [
    `variables.${now}.all(k, ${ours} || (k in variables.${before} && variables.${before}[k] == variables.${now}[k]))`,
    `variables.${before}.all(k, ${ours} || k in variables.${now})`,
  ].join(' && ');
}

/**
 * The admission policy that holds the installer to its own node, and there to the project's label, annotations and taint.
 *
 * @internal
 */
export function addNodePolicy(scope: Construct, name: string, serviceAccount: string, namespace: string): void {
  addInstallerPolicy(scope, 'NodePolicy', {
    name,
    user: `system:serviceaccount:${namespace}:${serviceAccount}`,
    resource: { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['nodes', 'nodes/status'] },
    variables: [
      { name: 'labels', expression: 'object.metadata.?labels.orValue({})' },
      { name: 'oldLabels', expression: 'oldObject.metadata.?labels.orValue({})' },
      { name: 'annotations', expression: 'object.metadata.?annotations.orValue({})' },
      { name: 'oldAnnotations', expression: 'oldObject.metadata.?annotations.orValue({})' },
      { name: 'taints', expression: 'object.spec.?taints.orValue([])' },
      { name: 'oldTaints', expression: 'oldObject.spec.?taints.orValue([])' },
    ],
    rules: RULES,
  });
}

/** A policy that judges one ServiceAccount. @internal */
export interface InstallerPolicyOptions {
  readonly name: string;
  readonly user: string;
  readonly resource: kplus.k8s.NamedRuleWithOperations;
  readonly variables: kplus.k8s.Variable[];
  readonly rules: { readonly expression: string; readonly message: string }[];
}

/** @internal */
export function addInstallerPolicy(scope: Construct, id: string, options: InstallerPolicyOptions): void {
  const policy = clusterScoped(
    new kplus.k8s.KubeValidatingAdmissionPolicy(scope, id, {
      metadata: { name: options.name },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules: [options.resource] },
        matchConditions: [{ name: 'by-the-installer', expression: `request.userInfo.username == '${options.user}'` }],
        variables: options.variables,
        validations: options.rules.map((rule) => ({ ...rule, reason: 'Forbidden' })),
      },
    }),
  );
  clusterScoped(
    new kplus.k8s.KubeValidatingAdmissionPolicyBinding(scope, `${id}Binding`, {
      metadata: { name: options.name },
      spec: { policyName: policy.name, validationActions: ['Deny'] },
    }),
  );
}
