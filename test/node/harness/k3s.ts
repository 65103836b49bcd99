// K3s on a node, as the official install script sets it up, with images side-loaded.
import { basename, join } from 'node:path';
import { cached, sha256File } from './cache';
import { savedDisk } from './machine';
import { Cluster } from './kubectl';
import { Node, type NodeFile } from './node';
import type { Disk } from './rootDisk';
import { waitFor } from './wait';

export interface K3sOptions {
  readonly binary: string;
  /** @default 'server' */
  readonly role?: 'server' | 'agent';
  /** @default the parts that pull images or that no test uses are disabled */
  readonly args?: readonly string[];
  /** Name of the unit. @default 'k3s', for an agent 'k3s-agent' */
  readonly unit?: string;
  /** @default '/var/lib/rancher/k3s' */
  readonly dataDir?: string;
  /** Image tar files of this machine. */
  readonly images?: readonly string[];
}

/** Everything that would be pulled from a registry, and what only costs time under emulation. */
export const quietServer = [
  '--disable=coredns,local-storage,metrics-server,servicelb,traefik',
  '--disable-helm-controller',
  '--write-kubeconfig-mode=600',
];

/** The files of an installation, by absolute path; pass them as a node's `files` or put them on a running node. */
export function k3sFiles(options: K3sOptions): Record<string, NodeFile> {
  const directory = imagesDirectory(options);
  const images = (options.images ?? []).map((from): [string, NodeFile] => [join(directory, basename(from)), { from }]);
  // With this file there, K3s remembers what it has imported; else every start imports all of it again.
  if (images.length > 0) images.push([join(directory, '.cache.json'), { content: '' }]);
  return {
    '/usr/local/bin/k3s': { from: options.binary, mode: 0o755 },
    [`/etc/systemd/system/${unitName(options)}.service`]: { content: unit(options) },
    ...Object.fromEntries(images),
  };
}

export const unitName = (options: Pick<K3sOptions, 'unit' | 'role'>) =>
  options.unit ?? (options.role === 'agent' ? 'k3s-agent' : 'k3s');

/**
 * A disk on which this K3s has already started once, for tests to begin from: the first start (certificates, image
 * imports) is by far the slowest. It is as any node that was shut down in an orderly way.
 */
export async function k3sDisk(options: K3sOptions, from: Disk): Promise<Disk> {
  const inputs = [options.binary, ...(options.images ?? [])];
  const hashes = await Promise.all(inputs.map(sha256File));
  const recipe = { from: from.file, files: Object.keys(k3sFiles(options)), hashes, unit: unit(options) };
  const directory = await cached('k3s', recipe, async (into) => {
    const node = await Node.create({ disk: from, files: k3sFiles(options) });
    try {
      await node.boot();
      const start = new Date();
      await startK3s(node, options);
      await (await Cluster.of(node)).nodeReady(node.name, start);
      await imagesImported(node, options);
      await node.stop();
      await node.machine.saveDisk(into);
    } finally {
      await node.dispose();
    }
  });
  return savedDisk(from, directory);
}

/** Enables and starts K3s. A server's unit is up before its node is Ready. */
export async function startK3s(node: Node, options: Pick<K3sOptions, 'unit' | 'role'> = {}): Promise<void> {
  await node.run('for name in kubectl crictl ctr; do ln -sf k3s /usr/local/bin/$name; done');
  await node.run(`systemctl enable --now '${unitName(options)}'`, { timeoutMs: 15 * 60_000 });
}

/** The node can be Ready while the last image is still being imported. */
export async function imagesImported(node: Node, options: Pick<K3sOptions, 'dataDir' | 'images'>): Promise<void> {
  const cache = join(imagesDirectory(options), '.cache.json');
  await waitFor('images imported', { timeoutMs: 15 * 60_000 }, async (last) => {
    const text = await node.run(`cat ${cache}`);
    last(text);
    return (options.images ?? []).every((image) => text.includes(basename(image)));
  });
}

export const imagesDirectory = (options: Pick<K3sOptions, 'dataDir'> = {}) =>
  join(options.dataDir ?? '/var/lib/rancher/k3s', 'agent/images');

function unit(options: K3sOptions): string {
  const role = options.role ?? 'server';
  const dataDir = options.dataDir ? [`--data-dir=${options.dataDir}`] : [];
  const args = [role, ...dataDir, ...(options.args ?? (role === 'server' ? quietServer : []))];
  return `[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=${role === 'server' ? 'notify' : 'exec'}
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/etc/systemd/system/${unitName(options)}.service.env
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s ${args.join(' ')}
`;
}
