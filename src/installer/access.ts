import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { clusterScoped } from '../core/cluster-scoped';

/** Name of the ConfigMap that holds the state of the rollout (slots.sh). @internal */
export const ROLLOUT_CONFIG_MAP = 'cdk8s-sysbox-rollout';

/**
 * The installer's ServiceAccount and rights: nodes (the admission policy narrows them to the own one), the pods to drain and
 * their classes, the ConfigMap of the rollout, the own DaemonSet, Events.
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

  // In the manifests, so that the installer needs no right to create one: that cannot be limited to one name. Not a Lease: Argo CD
  // applies none (argo-cd util/settings/resources_filter.go).
  new kplus.k8s.KubeConfigMap(scope, 'RolloutState', { metadata: { name: ROLLOUT_CONFIG_MAP, namespace } });
  addRole(scope, 'Rollout', `${name}-rollout`, namespace, subjects, [
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: [ROLLOUT_CONFIG_MAP],
      verbs: ['get', 'update'],
    },
    // Which revision is the newest: the DaemonSet's generation tells.
    { apiGroups: ['apps'], resources: ['daemonsets'], resourceNames: [name], verbs: ['get'] },
  ]);
  // Events on nodes live in the namespace default: the API server refuses them elsewhere.
  addRole(scope, 'Events', `${name}-events`, 'default', subjects, [
    { apiGroups: [''], resources: ['events'], verbs: ['create'] },
  ]);
}

/** @internal */
export function addRole(
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
