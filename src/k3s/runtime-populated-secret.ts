import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';

/**
 * A Secret that is filled at run time, and a ServiceAccount that may read and write it and nothing else. The Secret itself is in
 * the manifests, without content, since RBAC cannot restrict a `create` to a name.
 *
 * @internal
 */
export class RuntimePopulatedSecret extends Construct {
  public readonly secret: kplus.ISecret;
  public readonly serviceAccount: kplus.ServiceAccount;

  constructor(scope: Construct, id: string, name: string) {
    super(scope, id);
    const metadata = { name };
    new kplus.k8s.KubeSecret(this, 'Resource', { metadata });
    this.secret = kplus.Secret.fromSecretName(this, 'Secret', name);
    this.serviceAccount = new kplus.ServiceAccount(this, 'ServiceAccount', { metadata });
    new kplus.k8s.KubeRole(this, 'Role', {
      metadata,
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: [name], verbs: ['get', 'patch'] }],
    });
    new kplus.k8s.KubeRoleBinding(this, 'RoleBinding', {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: this.serviceAccount.metadata.namespace }],
    });
  }
}
