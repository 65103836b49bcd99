// A disk of a node on which the runtime was installed and a system pod has run, switched off in an orderly way: what life
// is tried on without ten minutes of installation before it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache';
import { Installation, runtimeYaml, systemDeploymentYaml } from './installation';
import { savedDisk } from './machine';
import { Cluster } from './kubectl';
import type { Node } from './node';
import { serverNode, type Platform } from './platform';
import type { Disk } from './rootDisk';
import { snapshot, type Snapshot } from './snapshot';

/** Name of the Deployment that runs there. */
export const workload = 'sandbox';

export interface Installed {
  readonly disk: Disk;
  /** The same node before the installation. */
  readonly before: Snapshot;
}

export async function installed(from: Platform): Promise<Installed> {
  return keep(from, async (into) => {
    const node = await serverNode(from);
    try {
      const start = new Date();
      await node.boot();
      const cluster = await Cluster.of(node);
      await cluster.nodeReady(node.name, start);
      const before = await snapshot(node);
      const installation = new Installation(node, cluster);
      await installation.apply();
      await installation.ready();
      await save(installation, before, into);
    } finally {
      await node.dispose();
    }
  });
}

/** Keeps a node that a test of the installation has made, so that it need not be made once more. Switches it off. */
export async function keepInstalled(from: Platform, node: Node, cluster: Cluster, before: Snapshot): Promise<void> {
  await keep(from, async (into) => {
    await cluster.kubectl(['delete', 'pods', '--all', '-n', 'default'], { timeoutMs: 5 * 60_000 });
    await save(new Installation(node, cluster), before, into);
  });
}

async function save(installation: Installation, before: Snapshot, into: string): Promise<void> {
  await installation.cluster.apply(systemDeploymentYaml(workload));
  await installation.deploymentPod(workload);
  await installation.node.stop();
  await installation.node.machine.saveDisk(into);
  writeFileSync(join(into, 'before.json'), JSON.stringify([...before]));
}

async function keep(from: Platform, build: (into: string) => Promise<void>): Promise<Installed> {
  const recipe = { from: from.disk.file, applied: [runtimeYaml(), systemDeploymentYaml(workload)] };
  const directory = await cached('installed', recipe, build);
  return {
    disk: savedDisk(from.disk, directory),
    before: new Map(JSON.parse(readFileSync(join(directory, 'before.json'), 'utf8')) as [string, string][]),
  };
}
