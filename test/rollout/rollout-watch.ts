import { ClientRequest } from 'node:http';
import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import { ApiServer } from '../cluster/api-server';
import { KubeObject } from '../cluster/client';
import { stateOfConfigMap, RolloutState } from './rollout-state';
import { namespace } from './pod';

export const rolloutPath = `/api/v1/namespaces/${namespace}/configmaps/cdk8s-sysbox-rollout`;

/** Every version of the ConfigMap, in order: what the API server stored, not what a node believes. */
export class RolloutWatch {
  versions = 0;
  private current: ClientRequest | undefined;
  private stopped = false;

  constructor(
    private readonly server: ApiServer,
    private readonly onState: (state: RolloutState | undefined) => void,
  ) {
    this.follow('');
  }

  /** A watch may be cut off at any time; it continues at the version after the last that was seen. */
  private follow(resourceVersion: string): void {
    if (this.stopped) return;
    const url = new URL(rolloutPath.replace(/\/[^/]*$/, ''), this.server.url);
    url.search = `?watch=true&fieldSelector=metadata.name%3Dcdk8s-sysbox-rollout&resourceVersion=${resourceVersion}`;
    const headers = { Authorization: `Bearer ${this.server.adminToken}`, Accept: 'application/json' };
    let [rest, last] = ['', resourceVersion];
    this.current = request(url, { headers, ca: readFileSync(this.server.caFile), agent: false }, (response) => {
      response.on('data', (data) => {
        const lines = (rest + data).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) last = this.see(JSON.parse(line)) ?? last;
      });
    });
    this.current.on('error', () => undefined).on('close', () => setTimeout(() => this.follow(last), 50));
    this.current.end();
  }

  private see({ type, object }: KubeObject): string | undefined {
    // Its cache is behind what etcd has already told us (504, "Too large resource version"): asked again when the watch has closed.
    if (type === 'ERROR' && object.code === 504) return undefined;
    if (type === 'ERROR') throw new Error(`The watch lost versions: ${JSON.stringify(object)}`);
    this.versions++;
    this.onState(type === 'DELETED' ? undefined : stateOfConfigMap(object));
    return object.metadata.resourceVersion;
  }

  stop(): void {
    this.stopped = true;
    this.current?.destroy();
  }
}
