// A K3s agent on a node, as the official install script sets it up, joined to a server on this machine.
import { cached, sha256File } from './cache';
import { imagesImported, k3sFiles, startK3s, type K3sOptions } from './k3s';
import { NativeServer } from './nativeServer';
import { savedDisk } from './machine';
import { distImages } from './manifests';
import { Node, type NodeOptions } from './node';
import { imagesOf } from './platform';
import { binaries, ensureTools } from './prerequisites';
import { rootDisk, type Disk } from './rootDisk';

/** What tests of agents begin with: a server on this machine, not started, and the disk of its agents. */
export async function agentPlatform(
  options: Pick<AgentOptions, 'unit' | 'dataDir'>,
): Promise<{ server: NativeServer; disk: Disk }> {
  const disk = await bareAgentDisk(options);
  return { server: await NativeServer.create(binaries().k3s), disk };
}

/** A disk of an agent that has the images of dist/ and belongs to no cluster yet. */
export async function bareAgentDisk(options: Pick<AgentOptions, 'unit' | 'dataDir'>): Promise<Disk> {
  const { k3s, sysboxDir } = binaries();
  await ensureTools();
  const images = await imagesOf(distImages(), sysboxDir);
  return agentDisk({ binary: k3s, images, ...options }, await rootDisk());
}

export interface AgentOptions extends Omit<K3sOptions, 'role'> {
  readonly unit: string;
  readonly dataDir: string;
}

/**
 * A disk on which the agent's containerd holds the images, and on which nothing of a cluster is left: any number of nodes
 * can begin from it and join any server.
 */
async function agentDisk(options: AgentOptions, from: Disk): Promise<Disk> {
  const files = k3sFiles({ ...options, role: 'agent' });
  const hashes = await Promise.all([options.binary, ...(options.images ?? [])].map(sha256File));
  const unit = files[`/etc/systemd/system/${options.unit}.service`];
  const recipe = { from: from.file, files: Object.keys(files), hashes, unit, forget: forgetCluster(options.dataDir) };
  const directory = await cached('agent', recipe, async (into) => {
    const server = await NativeServer.create(options.binary);
    const node = await agentNode(server, options.unit, { name: 'builder', disk: from, files });
    try {
      server.start();
      await node.boot();
      await server.ready();
      const start = new Date();
      await startK3s(node, options);
      await server.cluster.nodeReady(node.name, start);
      await imagesImported(node, options);
      await node.run(`systemctl disable --now ${options.unit}`, { timeoutMs: 5 * 60_000 });
      await node.run(forgetCluster(options.dataDir), { timeoutMs: 5 * 60_000 });
      await node.stop();
      await node.machine.saveDisk(into);
    } finally {
      await node.dispose();
      await server.dispose();
    }
  });
  return savedDisk(from, directory);
}

/** A node that is switched off, with the files that let its agent find the server. */
export function agentNode(
  server: NativeServer,
  unit: string,
  options: NodeOptions & { readonly config?: Record<string, string | string[]> },
): Promise<Node> {
  const { config, files, ...rest } = options;
  return Node.create({
    ...rest,
    files: { ...files, ...server.agentFiles(unit, config) },
    hostPorts: [server.port],
  });
}

/** Certificates, node password, kubelet and network state go; containerd's store and the list of what it holds stay. */
const forgetCluster = (dataDir: string) => `set -eu
find ${dataDir}/agent -mindepth 1 -maxdepth 1 ! -name containerd ! -name images -exec rm -rf {} +
rm -rf /etc/rancher /var/lib/kubelet /var/lib/cni /etc/systemd/system/*.service.env
: > /etc/machine-id
sync`;
