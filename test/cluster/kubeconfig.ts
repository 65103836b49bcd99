import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { ApiServer } from './api-server';

/** The administrator's kubeconfig, in the YAML that kubectl and K3s write; with `as`, that of somebody whom the administrator impersonates. */
export function kubeconfigOf({ url, caFile, adminToken }: ApiServer, as: Record<string, unknown> = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority': caFile } }],
    users: [{ name: 'admin', user: { token: adminToken, ...as } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}

/** Writes it, as programs read one. */
export function writeKubeconfig(file: string, server: ApiServer, as?: Record<string, unknown>): string {
  writeFileSync(file, kubeconfigOf(server, as), { mode: 0o600 });
  return file;
}
