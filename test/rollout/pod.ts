import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiServer } from '../cluster/api-server';
import { daemonSet } from './manifests';

export const namespace: string = daemonSet.metadata.namespace;
export const stage = 'cdk8s-sysbox.io/stage';
export const nodePath = (name: string) => `/api/v1/nodes/${name}`;

/** What an installer's pod on a node is given: its names, its token, its scratch directory. */
export interface PodEnvironment {
  readonly NODE_NAME: string;
  readonly POD_NAME: string;
  readonly NAMESPACE: string;
  readonly SERVICE_ACCOUNT_DIR: string;
  readonly SCRATCH: string;
  readonly API_URL: string;
}

/** A pod of the DaemonSet, made as the DaemonSet controller and the kubelet would, with a token of its own. */
export async function installerPod(
  server: ApiServer,
  node: string,
  directory: string,
  url = server.url,
): Promise<PodEnvironment> {
  const { spec } = daemonSet;
  const serviceAccount: string = spec.template.spec.serviceAccountName;
  const token = await server.tokenFor({ serviceAccount, namespace, node, podSpec: spec.template.spec });
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  await adopt(server, claims['kubernetes.io'].pod.name);
  const scratch = join(directory, node);
  mkdirSync(scratch, { recursive: true });
  writeFileSync(join(scratch, 'token'), token, { mode: 0o600 });
  writeFileSync(join(scratch, 'ca.crt'), readFileSync(server.caFile));
  return {
    NODE_NAME: node,
    POD_NAME: claims['kubernetes.io'].pod.name,
    NAMESPACE: namespace,
    SERVICE_ACCOUNT_DIR: scratch,
    SCRATCH: scratch,
    API_URL: url,
  };
}

/** Owner and generation, by which a pod knows that it is of the newest revision. */
async function adopt(server: ApiServer, pod: string): Promise<void> {
  const { metadata } = await server.get(`/apis/apps/v1/namespaces/${namespace}/daemonsets/${daemonSet.metadata.name}`);
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: metadata.name, uid: metadata.uid, controller: true };
  const generation = metadata.annotations['deprecated.daemonset.template.generation'];
  await server.patch(`/api/v1/namespaces/${namespace}/pods/${pod}`, {
    metadata: { ownerReferences: [owner], labels: { 'pod-template-generation': generation } },
  });
}
