// A cluster of real nodes on a segment of their own: a K3s server that is a node itself, and agents that join it.
import { bareAgentDisk } from './agentNode';
import { startK3s } from './k3s';
import { Cluster } from './kubectl';
import { freePort, lanCard } from './machine';
import { Node } from './node';
import { serverNode, type Platform } from './platform';
import type { Steps } from './steps';

/** A node, and what its K3s is named there. */
export interface Member {
  readonly node: Node;
  readonly unit: string;
  readonly dataDir: string;
}

const agentUnit = { unit: 'edge', dataDir: '/data/k3s' };
const serverUnit = { unit: 'k3s', dataDir: '/var/lib/rancher/k3s' };
const serverAddress = '192.168.77.1';

export class LanCluster {
  /** Boots the server, then the agents, and waits until all are Ready. All carry the label that asks for the runtime. */
  static async create(built: Platform, agentNames: readonly string[], steps: Steps): Promise<LanCluster> {
    const disk = await steps.step('disk of an agent built or found in the cache', () => bareAgentDisk(agentUnit));
    const lanPort = await freePort();
    const lan = (address: string) => ({ lanPort, lanAddress: `${address}/24` });
    const config = (address: string) => ({
      content: JSON.stringify({
        ...{ 'node-ip': address, 'flannel-iface': lanCard(), 'node-label': ['sysbox-install=yes'] },
      }),
      mode: 0o600,
    });
    const server = await serverNode(built, {
      name: 'server',
      files: { '/etc/rancher/k3s/config.yaml': config(serverAddress) },
      ...lan(serverAddress),
    });
    const members: Member[] = [{ node: server, ...serverUnit }];
    try {
      const start = new Date();
      await steps.step('server booted to ssh', () => server.boot());
      const cluster = await Cluster.of(server);
      await steps.step('server Ready', () => cluster.nodeReady(server.name, start));
      // The disk was made on a node of another name: a server that is gone, which a rollout waits for.
      await cluster.kubectl(['delete', 'node', 'node']);
      const token = await server.run('cat /var/lib/rancher/k3s/server/node-token');
      for (const [index, name] of agentNames.entries()) {
        const address = `192.168.77.${index + 2}`;
        const environment = `K3S_URL=https://${serverAddress}:6443\nK3S_TOKEN=${token}\n`;
        const files = {
          [`/etc/systemd/system/${agentUnit.unit}.service.env`]: { content: environment, mode: 0o600 },
          '/etc/rancher/k3s/config.yaml': config(address),
        };
        const node = await Node.create({ name, disk, files, memoryMiB: 3072, cpus: 1, ...lan(address) });
        members.push({ node, ...agentUnit });
      }
      const agents = members.slice(1).map(({ node }) => node);
      await steps.step('agents booted to ssh', () => Promise.all(agents.map((node) => node.boot())));
      await Promise.all(agents.map((node) => startK3s(node, { unit: agentUnit.unit, role: 'agent' })));
      await steps.step('agents Ready', () => Promise.all(agents.map((node) => cluster.nodeReady(node.name, start))));
      return new LanCluster(cluster, members);
    } catch (error) {
      for (const { node } of members) await node.dispose();
      throw error;
    }
  }

  private constructor(
    readonly cluster: Cluster,
    /** The server first. */
    readonly members: readonly Member[],
  ) {}

  async dispose(): Promise<void> {
    for (const { node } of [...this.members].reverse()) await node.dispose();
  }
}
