import { writeFileSync } from 'node:fs';
import { ApiServer } from './api-server';

/** Writes the administrator's kubeconfig, as programs read one. */
export function writeKubeconfig(file: string, { url, caFile, adminToken }: ApiServer): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority': caFile } }],
    users: [{ name: 'admin', user: { token: adminToken } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
