import { ClientRequest } from 'node:http';
import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import { ApiServer } from '../cluster/api-server';
import { KubeObject } from '../cluster/client';
import { namespace } from './pod';
import { RolloutState } from './rules';

export const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/cdk8s-sysbox-rollout`;

export const stateOf = (lease: KubeObject): RolloutState | undefined => {
  const text = lease.metadata.annotations?.['cdk8s-sysbox.io/rollout'];
  return text && JSON.parse(text);
};

/** Every version of the Lease, in order: what the API server stored, not what a node believes. */
export class LeaseWatch {
  versions = 0;
  private readonly request: ClientRequest;

  constructor(server: ApiServer, onState: (state: RolloutState | undefined) => void) {
    const url = new URL(leasePath.replace(/\/[^/]*$/, ''), server.url);
    url.search = '?watch=true&fieldSelector=metadata.name%3Dcdk8s-sysbox-rollout';
    const headers = { Authorization: `Bearer ${server.adminToken}`, Accept: 'application/json' };
    let rest = '';
    this.request = request(url, { headers, ca: readFileSync(server.caFile), agent: false }, (response) => {
      response.on('data', (data) => {
        const lines = (rest + data).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const { type, object } = JSON.parse(line);
          if (type === 'ERROR') throw new Error(`The watch ended: ${line}`);
          this.versions++;
          onState(type === 'DELETED' ? undefined : stateOf(object));
        }
      });
    });
    this.request.on('error', () => undefined);
    this.request.end();
  }

  stop(): void {
    this.request.destroy();
  }
}
