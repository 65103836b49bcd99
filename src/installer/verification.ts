import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { clusterScoped } from '../core/cluster-scoped';
import { VERIFICATION_NAMESPACE, verificationClassOf } from '../runtime/verification';
import { addRole } from './access';
import { addInstallerPolicy, NODE_NAME } from './node-policy';

/** @internal */
export interface VerificationOptions {
  /** Name of the installer's objects and of its ServiceAccount. */
  readonly name: string;
  /** Namespace of the installer. */
  readonly namespace: string;
  readonly runtimeClassName: string;
  readonly handler: string;
}

/**
 * What the installer needs to run one pod on a node before the node is labelled: a RuntimeClass without scheduling, a namespace in which
 * Pod Security refuses all privilege whatever the policy says (in the installer's own, the right to create pods would be the right to be
 * root), rights in that namespace, and a policy that binds the pods to the node of the token.
 *
 * @internal
 */
export function addVerification(scope: Construct, options: VerificationOptions): void {
  const { name, namespace, handler } = options;
  const runtimeClassName = verificationClassOf(options.runtimeClassName);
  clusterScoped(
    new kplus.k8s.KubeRuntimeClass(scope, 'VerificationClass', { metadata: { name: runtimeClassName }, handler }),
  );
  const level = (mode: string) => [`pod-security.kubernetes.io/${mode}`, 'restricted'];
  clusterScoped(
    new kplus.k8s.KubeNamespace(scope, 'VerificationNamespace', {
      metadata: {
        name: VERIFICATION_NAMESPACE,
        labels: Object.fromEntries(['enforce', 'audit', 'warn'].map(level)),
      },
    }),
  );
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  addRole(scope, 'Verification', `${name}-verification`, VERIFICATION_NAMESPACE, subjects, [
    { apiGroups: [''], resources: ['pods'], verbs: ['create', 'get', 'list', 'delete', 'deletecollection'] },
    // The kubelet's reasons for a pod that does not start.
    { apiGroups: [''], resources: ['events'], verbs: ['list'] },
  ]);
  addInstallerPolicy(scope, 'VerificationPolicy', {
    name: `${name}-verification`,
    user: `system:serviceaccount:${namespace}:${name}`,
    resource: { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'DELETE'], resources: ['pods'] },
    variables: [
      { name: 'own', expression: `request.userInfo.?extra[?'${NODE_NAME}'].orValue([])` },
      { name: 'node', expression: "(request.operation == 'DELETE' ? oldObject : object).spec.?nodeName.orValue('')" },
      { name: 'deletes', expression: "request.operation == 'DELETE'" },
    ],
    rules: rules(runtimeClassName),
  });
}

// No equality with the pod that verify-pod.sh writes: webhooks add containers, volumes and defaults.
function rules(runtimeClassName: string): { expression: string; message: string }[] {
  const created = [
    {
      expression: `object.spec.?runtimeClassName.orValue('') == '${runtimeClassName}'`,
      message: `the installer may create pods of the RuntimeClass ${runtimeClassName} only`,
    },
    {
      expression: [
        'object.spec.?hostUsers.orValue(true) == false',
        ...['hostNetwork', 'hostPID', 'hostIPC'].map((field) => `!object.spec.?${field}.orValue(false)`),
        '!object.spec.?volumes.orValue([]).exists(v, has(v.hostPath))',
        '!(object.spec.containers + object.spec.?initContainers.orValue([])).exists(c, c.?securityContext.?privileged.orValue(false))',
      ].join(' && '),
      message: 'the installer may create pods without privilege, in a user namespace of their own, only',
    },
    {
      expression:
        "object.spec.?serviceAccountName.orValue('default') in ['', 'default'] && object.spec.?automountServiceAccountToken.orValue(true) == false",
      message: 'the installer may create pods of no ServiceAccount but the default one, without its token, only',
    },
  ];
  return [
    {
      expression: `request.namespace == '${VERIFICATION_NAMESPACE}'`,
      message: `the installer may create and delete pods in the namespace ${VERIFICATION_NAMESPACE} only`,
    },
    {
      expression: 'variables.node in variables.own',
      message: 'the installer may create and delete pods of its own node only',
    },
    ...created.map(({ expression, message }) => ({ expression: `variables.deletes || (${expression})`, message })),
  ];
}
