// What the node's own containerd makes of its configuration.
import { parse } from '@iarna/toml';
import type { Node } from './node';

export type RuntimeTable = Record<string, unknown>;

/** The runtimes by handler, from `config dump` of the merged configuration. */
export async function containerdRuntimes(
  node: Node,
  dataDir = '/var/lib/rancher/k3s',
): Promise<Record<string, RuntimeTable>> {
  const config = `${dataDir}/agent/etc/containerd/config.toml`;
  const dump = parse(await node.run(`${dataDir}/data/current/bin/containerd -c ${config} config dump`)) as {
    plugins: Record<string, { containerd?: { runtimes?: Record<string, RuntimeTable> } }>;
  };
  return dump.plugins['io.containerd.cri.v1.runtime']?.containerd?.runtimes ?? {};
}
