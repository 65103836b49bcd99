// The control plane of a cluster whose node has a kubelet of its own: Kubernetes' own programs, run by this machine.
// What is left out: no kube-proxy (the node has one rule for the API server's Service), no cluster DNS, and the
// parts have no certificates of their own: the kubelet is who it is by impersonation, and lets everybody who reaches it in.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApiServer, type ApiServer } from '../../cluster/api-server';
import { kubeControllerManager, kubeScheduler } from '../../cluster/build';
import { Controller } from '../../cluster/controller';
import { kubeconfigOf, writeKubeconfig } from '../../cluster/kubeconfig';
import { Cluster } from './kubectl';
import { hostAddress } from './machine';

export class ControlPlane {
  /** Resolves when the API server is ready. */
  static async start(): Promise<ControlPlane> {
    const server = await startApiServer({
      minor: '1.37',
      // Its certificate is for the address that it advertises, at which nodes find it.
      flags: [`--advertise-address=${hostAddress}`, '--kubelet-preferred-address-types=InternalIP'],
    });
    const directory = mkdtempSync(join(tmpdir(), 'control-plane-'));
    const cluster = await Cluster.at(writeKubeconfig(join(directory, 'kubeconfig'), server));
    const part = (program: string, ...flags: string[]) =>
      Controller.start(program, kubeconfigOf(server), (kubeconfig) => [
        ...[`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0', ...flags],
      ]);
    const parts = [part(await kubeControllerManager(), `--root-ca-file=${server.caFile}`), part(await kubeScheduler())];
    return new ControlPlane(server, cluster, parts, directory);
  }

  private constructor(
    private readonly server: ApiServer,
    readonly cluster: Cluster,
    private readonly parts: readonly Controller[],
    private readonly directory: string,
  ) {}

  /** Of the API server, on the loopback; nodes that name it among their `hostPorts` reach it under the same number. */
  get port(): number {
    return Number(new URL(this.server.url).port);
  }

  /** What a kubelet of this name finds the API server with. */
  kubeletKubeconfig(node: string): string {
    const { caFile, adminToken } = this.server;
    const ca = readFileSync(caFile).toString('base64');
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'test',
          cluster: { server: `https://${hostAddress}:${this.port}`, 'certificate-authority-data': ca },
        },
      ],
      users: [
        {
          name: 'kubelet',
          user: { token: adminToken, as: `system:node:${node}`, 'as-groups': ['system:nodes', 'system:authenticated'] },
        },
      ],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'kubelet' } }],
      'current-context': 'test',
    });
  }

  /** The end of what its parts have logged. */
  log(): string {
    return [this.server, ...this.parts].map((part) => part.log()).join('\n');
  }

  async stop(): Promise<void> {
    for (const part of this.parts) await part.stop();
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
