// kubectl of a pod outside a nested cluster, with the kubeconfig that the cluster's Secret brings.
import type { Cluster } from './kubectl';
import { k3sImageName } from './systemImages';
import { waitFor } from './wait';

const minutes = 60_000;
const name = 'client';

/** As every INestedCluster has it. */
export interface Kubeconfig {
  readonly kubeconfigSecret: { readonly name: string };
  readonly kubeconfigKey: string;
}

export class NestedClient {
  /** Waits for the kubeconfig of the cluster, and runs a pod that has it. */
  static async of(cluster: Cluster, namespace: string, nested: Kubeconfig, version: string): Promise<NestedClient> {
    const { kubeconfigSecret, kubeconfigKey } = nested;
    await waitFor('kubeconfig published', { timeoutMs: 10 * minutes }, async () => {
      const secret = ['secret', kubeconfigSecret.name, '-n', namespace];
      const { data } = await cluster.get<{ data?: Record<string, string> }>(...secret);
      return data?.[kubeconfigKey] !== undefined;
    });
    await cluster.apply(manifest(namespace, kubeconfigSecret.name, version));
    await cluster.podRunning(name, namespace);
    return new NestedClient(cluster, namespace, kubeconfigKey);
  }

  private constructor(
    private readonly cluster: Cluster,
    private readonly namespace: string,
    private readonly kubeconfigKey: string,
  ) {}

  kubectl(args: readonly string[], stdin?: string): Promise<string> {
    const kubectl = ['kubectl', `--kubeconfig=/kubeconfig/${this.kubeconfigKey}`, ...args];
    return this.cluster.kubectl(['exec', '-i', '-n', this.namespace, name, '--', ...kubectl], {
      stdin,
      timeoutMs: 20 * minutes,
    });
  }

  /** The controller manager makes it a little after /readyz, and a pod without it is refused. */
  async serviceAccount(): Promise<void> {
    await waitFor('service account inside', { timeoutMs: 5 * minutes }, () =>
      this.kubectl(['get', 'serviceaccount', 'default']),
    );
  }
}

/** Admitted at Pod Security Restricted. */
const manifest = (namespace: string, secret: string, version: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 1
  securityContext: { runAsNonRoot: true, runAsUser: 65534, seccompProfile: { type: RuntimeDefault } }
  containers:
    - name: kubectl
      image: ${k3sImageName(version)}
      command: [sleep, infinity]
      env: [{ name: HOME, value: /tmp }]
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
      volumeMounts: [{ name: kubeconfig, mountPath: /kubeconfig }]
  volumes: [{ name: kubeconfig, secret: { secretName: ${secret} } }]
`;
