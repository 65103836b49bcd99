// K3k's controller and its kubelet of shared mode, in pods, as K3k's chart installs them.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sha256File } from './cache';
import type { Cluster } from './kubectl';
import type { Node } from './node';
import { image, layer } from './ociImage';
import { waitFor } from './wait';

export const k3kNamespace = 'k3k-system';
const tag = 'test';

/** @param from directory of test/cluster/k3k.ts: controller, k3k-kubelet, crds */
export async function installK3k(node: Node, cluster: Cluster, from: string): Promise<void> {
  const images = [
    await programImage('docker.io/rancher/k3k', join(from, 'controller'), 'k3k', {}),
    await programImage('docker.io/rancher/k3k-kubelet', kubelet(from), 'k3k-kubelet', {
      Entrypoint: ['/usr/bin/k3k-kubelet'],
    }),
  ];
  for (const file of images) {
    const to = join('/root/images', basename(file));
    await node.put(to, { from: file });
    await node.run(`k3s ctr --namespace=k8s.io images import ${to} && rm ${to}`, { timeoutMs: 10 * 60_000 });
  }
  const crds = join(from, 'crds');
  for (const file of readdirSync(crds)) await cluster.apply(readFileSync(join(crds, file), 'utf8'));
  await waitFor('kinds of K3k', { timeoutMs: 60_000 }, () =>
    cluster.kubectl(['get', 'clusters.k3k.io,virtualclusterpolicies.k3k.io', '-A']),
  );
  await cluster.apply(manifest);
  await cluster.deploymentAvailable('k3k', k3kNamespace);
}

function kubelet(from: string): string {
  const file = join(from, 'k3k-kubelet');
  if (!existsSync(file)) throw new Error(`${file} is missing; test/cluster/k3k.ts says how to build it`);
  return file;
}

/** The program alone, where K3k's images have it; they add SUSE's base image. */
async function programImage(name: string, from: string, program: string, config: object): Promise<string> {
  const content = await layer(program, await sha256File(from), (root) => {
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
    for (const directory of ['tmp', 'etc']) mkdirSync(join(root, directory));
    copyFileSync(from, join(root, 'usr/bin', program));
    chmodSync(join(root, 'usr/bin', program), 0o755);
  });
  return image([`${name}:${tag}`], [content], config);
}

/** charts/k3k with its default values, images aside. */
const manifest = `apiVersion: v1
kind: Namespace
metadata: { name: ${k3kNamespace} }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: k3k, namespace: ${k3kNamespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: k3k }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: ServiceAccount, name: k3k, namespace: ${k3kNamespace} }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: k3k-kubelet-node }
rules: [{ apiGroups: [''], resources: [nodes, nodes/proxy, namespaces], verbs: [get, list, watch] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: k3k-kubelet-node }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: k3k-kubelet-node }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: k3k-priorityclass }
rules: [{ apiGroups: [scheduling.k8s.io], resources: [priorityclasses], verbs: ['*'] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: k3k-priorityclass }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: k3k-priorityclass }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: k3k, namespace: ${k3kNamespace} }
spec:
  selector: { matchLabels: { app: k3k } }
  template:
    metadata: { labels: { app: k3k } }
    spec:
      serviceAccountName: k3k
      containers:
        - name: k3k
          image: rancher/k3k:${tag}
          args:
            - k3k
            - --cluster-cidr=10.42.0.0/16
            - --k3s-server-image=rancher/k3s
            - --agent-shared-image=rancher/k3k-kubelet:${tag}
            - --agent-virtual-image=rancher/k3s
          env:
            - name: CONTROLLER_NAMESPACE
              valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
`;
