// The node that the tests of workloads begin with: K3s and Sysbox run, put there by hand, and system images are there.
import { basename, join } from 'node:path';
import { cached, keyOf, sha256File } from './cache';
import { diagnose } from './diagnosis';
import { savedDisk } from './machine';
import { Cluster } from './kubectl';
import { distImages } from './manifests';
import { Node, type NodeFile, type NodeOptions } from './node';
import { platform } from './platform';
import type { Disk } from './rootDisk';
import type { Steps } from './steps';
import { runtimeClass, startSysbox, sysboxFiles } from './sysboxByHand';
import { k3sImage, systemImage } from './systemImages';
import { sysboxPrograms } from './prerequisites';
import { waitFor } from './wait';

export interface Workloads {
  readonly node: Node;
  readonly cluster: Cluster;
}

/** An emulated node that starts an engine can be NotReady for minutes; its pods are not to be evicted for that. */
const patience: Record<string, NodeFile> = {
  '/etc/rancher/k3s/config.yaml': {
    content: `kube-apiserver-arg:
  - default-not-ready-toleration-seconds=7200
  - default-unreachable-toleration-seconds=7200
`,
  },
};

/** A disk with Sysbox alongside K3s. No workload test depends on how Sysbox came there: install.test.ts has the installer. */
async function workloadDisk(): Promise<Disk> {
  const { disk, k3s, sysboxDir } = await platform(distImages());
  const images = [await systemImage(), await k3sImage(k3s)];
  const imageFiles = images.map((from): [string, NodeFile] => [join('/root/images', basename(from)), { from }]);
  const files = { ...sysboxFiles(sysboxDir), ...patience, ...Object.fromEntries(imageFiles) };
  const binaries = [...images, ...sysboxPrograms.map((name) => join(sysboxDir, name))];
  const recipe = { from: disk.file, files: keyOf(files), hashes: await Promise.all(binaries.map(sha256File)) };
  const directory = await cached('sysbox', recipe, async (into) => {
    const node = await Node.create({ disk, files });
    try {
      const start = new Date();
      await node.boot();
      await startSysbox(node);
      const cluster = await Cluster.of(node);
      await cluster.nodeReady(node.name, start);
      for (const file of images) await unpacked(node, join('/root/images', basename(file)));
      await waitFor('RuntimeClass', { timeoutMs: 60_000 }, () => cluster.apply(runtimeClass));
      await node.stop();
      await node.machine.saveDisk(into);
    } finally {
      await node.dispose();
    }
  });
  return savedDisk(disk, directory);
}

/**
 * K3s imports images without unpacking them, which the first pod of an image then does: minutes under emulation, and the
 * kubelet gives up after two.
 */
async function unpacked(node: Node, archive: string): Promise<void> {
  await node.run(`k3s ctr --namespace=k8s.io images import '${archive}' && rm '${archive}'`, {
    timeoutMs: 30 * 60_000,
  });
}

/** Boots a node from that disk and waits until it is Ready. */
export async function workloadNode(steps: Steps, options: NodeOptions = {}): Promise<Workloads> {
  const disk = await steps.step('disk with Sysbox built or found in the cache', workloadDisk);
  const node = await Node.create({ disk, ...options });
  try {
    const start = new Date();
    await steps.step('boot to ssh', () => node.boot());
    const cluster = await Cluster.of(node);
    await steps.step('K3s Ready', () => cluster.nodeReady(node.name, start));
    await node.run('systemctl is-active sysbox sysbox-mgr sysbox-fs');
    return { node, cluster };
  } catch (error) {
    await node.dispose();
    throw error;
  }
}

/** Right after the boot it takes a while until a namespace has the ServiceAccount that each pod needs. */
export async function newNamespace(cluster: Cluster, name: string): Promise<void> {
  await cluster.kubectl(['create', 'namespace', name]);
  await waitFor(`ServiceAccount of ${name}`, { timeoutMs: 10 * 60_000 }, () =>
    cluster.get('serviceaccount', 'default', '-n', name),
  );
}

/** Runs a step; when it fails, prints what the node and the pods of the namespace say. */
export async function explained<T>(from: Workloads, namespace: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const { items } = await from.cluster.get<{ items: { metadata: { name: string } }[] }>('pods', '-n', namespace);
    for (const { metadata } of items) {
      const log = ['logs', '-n', namespace, metadata.name, '--all-containers', '--prefix', '--tail=60'];
      process.stdout.write(`--- ${log.join(' ')}\n${(await from.cluster.tryKubectl(log)).stdout}\n`);
    }
    process.stdout.write(await diagnose(from.node, from.cluster));
    throw error;
  }
}
