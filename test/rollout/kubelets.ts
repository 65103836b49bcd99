import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiServer } from '../cluster/api-server';
import { KubeObject } from '../cluster/client';
import { CoordinatorNode, quick } from './coordinator';
import { namespace, nodePath } from './pod';
import { VerificationKubelet } from './verification-kubelet';

const pods = `/api/v1/namespaces/${namespace}/pods`;

/**
 * Scheduler and kubelets of a small cluster, as far as a DaemonSet's pods need them: a pod is bound to the node of its affinity, its
 * container is the coordinator with the files of its volumes and a token of its own, its readiness probe is asked, and it ends when it
 * is deleted; a verification pod succeeds. Left out: images, liveness probes, restarts of containers, and pods of others.
 */
export class Kubelets {
  readonly nodes = new Map<string, CoordinatorNode>();
  /** Settings in which the test differs from the product. */
  settings: Record<string, string | number> = {};
  /** Names of pods that were started. */
  readonly started: string[] = [];
  private readonly on = new Map<string, string>();
  private readonly image: string;
  private stopped = false;
  private readonly loop: Promise<void>;
  private readonly verification: VerificationKubelet;
  error: unknown;

  constructor(
    readonly server: ApiServer,
    private readonly directory: string,
  ) {
    // One directory for all: its name is in the settings, and so in the revision.
    this.image = join(directory, 'image');
    mkdirSync(this.image, { recursive: true });
    for (const binary of ['sysbox-runc', 'sysbox-fs', 'sysbox-mgr']) writeFileSync(join(this.image, binary), binary);
    this.verification = new VerificationKubelet(server);
    this.loop = this.run();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        const all = await this.server.list(pods);
        await Promise.all(all.map((pod) => this.sync(pod)));
      } catch (error) {
        this.error = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  private async sync(pod: KubeObject): Promise<void> {
    const { name, deletionTimestamp } = pod.metadata;
    const node = this.nodes.get(pod.spec.nodeName ?? wanted(pod));
    if (!node) return;
    if (deletionTimestamp) return this.end(pod, node);
    if (!pod.spec.nodeName) {
      const target = { apiVersion: 'v1', kind: 'Node', name: node.name };
      await this.server.create(`${pods}/${name}/binding`, { metadata: { name }, target });
    } else if (this.on.get(node.name) !== name) {
      if (!node.running) await this.start(pod, node);
    } else {
      await this.report(pod, node.ready);
    }
  }

  private async start(pod: KubeObject, node: CoordinatorNode): Promise<void> {
    const { name, uid } = pod.metadata;
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/${pod.spec.serviceAccountName}/token`;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
    const { status } = await this.server.create(account, { spec: { boundObjectRef } });
    const scratch = join(this.directory, name);
    mkdirSync(scratch);
    writeFileSync(join(scratch, 'token'), status.token, { mode: 0o600 });
    writeFileSync(join(scratch, 'ca.crt'), readFileSync(this.server.caFile));
    const volume = (id: string) => pod.spec.volumes.find((each: KubeObject) => each.name === id);
    const data = async (map: string) =>
      (await this.server.get(`/api/v1/namespaces/${namespace}/configmaps/${map}`)).data;
    const sources: string[] = volume('programs').projected.sources.map((each: KubeObject) => each.configMap.name);
    const programs = Object.assign({}, ...(await Promise.all(sources.map(data))));
    const settings = await data(volume('settings').configMap.name);
    const environment = {
      NODE_NAME: node.name,
      POD_NAME: name,
      NAMESPACE: namespace,
      SERVICE_ACCOUNT_DIR: scratch,
      SCRATCH: scratch,
      API_URL: this.server.url,
    };
    node.mount(environment, programs, { ...settings, ...quick, ...this.settings, IMAGE_BINARIES: this.image });
    node.start();
    this.on.set(node.name, name);
    this.started.push(name);
  }

  private async end(pod: KubeObject, node: CoordinatorNode): Promise<void> {
    if (this.on.get(node.name) === pod.metadata.name) {
      await node.end('SIGTERM');
      this.on.delete(node.name);
    }
    await this.server.delete(`${pods}/${pod.metadata.name}`, { gracePeriodSeconds: '0' }).catch(() => undefined);
  }

  private async report(pod: KubeObject, ready: boolean): Promise<void> {
    const before = pod.status.conditions?.find((each: KubeObject) => each.type === 'Ready')?.status;
    const now = ready ? 'True' : 'False';
    if (before === now) return;
    const condition = { type: 'Ready', status: now, lastTransitionTime: new Date().toISOString().replace(/\.\d+/, '') };
    await this.server.patch(`${pods}/${pod.metadata.name}/status`, {
      status: { phase: 'Running', conditions: [condition] },
    });
  }

  /** The machine is gone, and its Node object with it. */
  async remove(name: string): Promise<void> {
    const node = this.nodes.get(name);
    this.nodes.delete(name);
    await node?.end();
    await this.server.delete(nodePath(name));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.loop;
    await this.verification.stop();
    await Promise.all([...this.nodes.values()].map((node) => node.end()));
  }
}

/** The DaemonSet controller writes the node's name into an affinity, and the scheduler binds. */
function wanted(pod: KubeObject): string {
  const { nodeSelectorTerms } = pod.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
  return nodeSelectorTerms[0].matchFields[0].values[0];
}
