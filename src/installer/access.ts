import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { clusterScoped } from '../core/cluster-scoped';

/** Name of the Lease that holds the restart slots (slots.sh). */
const ROLLOUT_LEASE = 'cdk8s-sysbox-rollout';

/**
 * The installer's ServiceAccount and rights: nodes (the admission policy narrows them to the own one), the pods to drain and
 * the classes by which they are told, the Lease of the rollout, Events.
 *
 * @internal
 */
export function addAccess(scope: Construct, name: string, namespace: string): void {
  new kplus.k8s.KubeServiceAccount(scope, 'ServiceAccount', {
    metadata: { name, namespace },
    automountServiceAccountToken: false,
  });
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];

  clusterScoped(
    new kplus.k8s.KubeClusterRole(scope, 'ClusterRole', {
      metadata: { name },
      rules: [
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'patch'] },
        { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
        { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
        { apiGroups: ['node.k8s.io'], resources: ['runtimeclasses'], verbs: ['list'] },
      ],
    }),
  );
  clusterScoped(
    new kplus.k8s.KubeClusterRoleBinding(scope, 'ClusterRoleBinding', {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects,
    }),
  );

  // A name cannot be checked on create: the object does not exist yet.
  addRole(scope, 'Leases', `${name}-leases`, namespace, subjects, [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: [ROLLOUT_LEASE],
      verbs: ['get', 'update'],
    },
  ]);
  // Events on nodes live in the namespace default: the API server refuses them elsewhere.
  addRole(scope, 'Events', `${name}-events`, 'default', subjects, [
    { apiGroups: [''], resources: ['events'], verbs: ['create'] },
  ]);
}

function addRole(
  scope: Construct,
  id: string,
  name: string,
  namespace: string,
  subjects: kplus.k8s.Subject[],
  rules: kplus.k8s.PolicyRule[],
): void {
  new kplus.k8s.KubeRole(scope, id, { metadata: { name, namespace }, rules });
  new kplus.k8s.KubeRoleBinding(scope, `${id}Binding`, {
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects,
  });
}
