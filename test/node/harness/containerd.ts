// What the node's own containerd makes of its configuration.
import { parse } from '@iarna/toml';
import type { Node } from './node';

export type RuntimeTable = Record<string, unknown>;

/** K3s's runtimes by handler, from `config dump` of the merged configuration. */
export function containerdRuntimes(
  node: Node,
  dataDir = '/var/lib/rancher/k3s',
): Promise<Record<string, RuntimeTable>> {
  return runtimesOf(node, `${dataDir}/data/current/bin/containerd`, `${dataDir}/agent/etc/containerd/config.toml`);
}

/** Those of a containerd of this program and root file. */
export async function runtimesOf(node: Node, program: string, config: string): Promise<Record<string, RuntimeTable>> {
  const dump = parse(await node.run(`${program} -c ${config} config dump`)) as {
    plugins: Record<string, { containerd?: { runtimes?: Record<string, RuntimeTable> } }>;
  };
  return dump.plugins['io.containerd.cri.v1.runtime']?.containerd?.runtimes ?? {};
}
