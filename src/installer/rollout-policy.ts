import { Construct } from 'constructs';
import { ANNOTATION_PREFIX } from '../core/labels';
import { ROLLOUT_CONFIG_MAP } from './access';
import { addInstallerPolicy, NODE_NAME } from './node-policy';

// An entry grants a restart, so a node must not be able to write one for another. The node's name is the prefix of the key
// (`<node>/slot`): as the name part of a key it could have 63 characters only. Removing another node's entry is allowed: nodes that
// are gone must not count.
const RULES = [
  {
    expression:
      "variables.now.all(k, !k.endsWith('/slot') || (k in variables.before && variables.before[k] == variables.now[k]) || k == variables.own)",
    message: "the installer may write its own node's slot only",
  },
  {
    expression: [
      `variables.now.all(k, k.endsWith('/slot') || k.startsWith('${ANNOTATION_PREFIX}') || (k in variables.before && variables.before[k] == variables.now[k]))`,
      `variables.before.all(k, k.endsWith('/slot') || k.startsWith('${ANNOTATION_PREFIX}') || k in variables.now)`,
    ].join(' && '),
    message: `the installer may change slots and annotations under ${ANNOTATION_PREFIX} only`,
  },
  {
    expression:
      'object.?data == oldObject.?data && object.?binaryData == oldObject.?binaryData && object.?immutable == oldObject.?immutable && object.metadata.?labels == oldObject.metadata.?labels && object.metadata.?finalizers == oldObject.metadata.?finalizers && object.metadata.?ownerReferences == oldObject.metadata.?ownerReferences',
    message: 'the installer may change nothing of the ConfigMap but its annotations',
  },
];

/** The admission policy that holds the installer to its own node's entry of the rollout's ConfigMap. @internal */
export function addRolloutPolicy(scope: Construct, name: string, serviceAccount: string, namespace: string): void {
  addInstallerPolicy(scope, 'RolloutPolicy', {
    name: `${name}-rollout`,
    user: `system:serviceaccount:${namespace}:${serviceAccount}`,
    resource: {
      apiGroups: [''],
      apiVersions: ['v1'],
      operations: ['UPDATE'],
      resources: ['configmaps'],
      resourceNames: [ROLLOUT_CONFIG_MAP],
    },
    variables: [
      {
        name: 'own',
        expression: `request.userInfo.?extra[?'${NODE_NAME}'].orValue([]).map(n, n + '/slot').join()`,
      },
      { name: 'now', expression: 'object.metadata.?annotations.orValue({})' },
      { name: 'before', expression: 'oldObject.metadata.?annotations.orValue({})' },
    ],
    rules: RULES,
  });
}
