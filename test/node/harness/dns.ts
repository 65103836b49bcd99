// Stands in for CoreDNS, whose image no package archive has: the Services there are now, by their names.
import type { Cluster } from './kubectl';

interface Service {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly clusterIP: string };
}

/** Where K3s tells every pod that the cluster's DNS is. */
const address = '10.43.0.10';

/** Runs dnsmasq from this image as the cluster's DNS. Call it when the Services are applied, and again for more. */
export async function serveNames(cluster: Cluster, image: string): Promise<void> {
  const { items } = await cluster.get<{ items: Service[] }>('services', '--all-namespaces');
  const records = items
    .filter(({ spec }) => spec.clusterIP !== 'None')
    .map(({ metadata: { name, namespace }, spec }) => `${name}.${namespace}.svc.cluster.local,${spec.clusterIP}`);
  await cluster.kubectl(['delete', 'pod', 'dns', '-n', 'kube-system', '--ignore-not-found']);
  await cluster.apply(manifest(image, ['--local=/cluster.local/', ...records.map((one) => `--host-record=${one}`)]));
  await cluster.podRunning('dns', 'kube-system');
}

const manifest = (image: string, options: readonly string[]) => `apiVersion: v1
kind: Pod
metadata: { name: dns, namespace: kube-system, labels: { k8s-app: kube-dns } }
spec:
  dnsPolicy: Default
  terminationGracePeriodSeconds: 1
  containers:
    - name: dnsmasq
      image: ${image}
      command: [dnsmasq, --keep-in-foreground, --user=root, --no-resolv, --no-hosts, --log-facility=-]
      args: ${JSON.stringify(options)}
---
apiVersion: v1
kind: Service
metadata: { name: kube-dns, namespace: kube-system }
spec:
  clusterIP: ${address}
  selector: { k8s-app: kube-dns }
  ports:
    - { name: dns, port: 53, protocol: UDP }
    - { name: dns-tcp, port: 53, protocol: TCP }
`;
