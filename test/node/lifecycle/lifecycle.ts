// The one node that lives through all chapters, and what they know of it.
import { diagnose } from '../harness/diagnosis';
import { installerImage } from '../harness/images';
import { Installation } from '../harness/installation';
import { installed } from '../harness/installed';
import { Cluster } from '../harness/kubectl';
import { distImages } from '../harness/manifests';
import { nextRelease } from '../harness/nextRelease';
import type { Node } from '../harness/node';
import { platform, serverNode } from '../harness/platform';
import type { Snapshot } from '../harness/snapshot';
import { Steps } from '../harness/steps';

export const CONFIG = '/var/lib/rancher/k3s/agent/etc/containerd';
export const DIRECTORY = `${CONFIG}/config-v3.toml.d`;
export const OURS = `${DIRECTORY}/cdk8s-sysbox.toml`;
/** Name of the installer image with the next Sysbox release, which lies on the node as a file. */
export const NEXT_IMAGE = 'registry.nestybox.com/nestybox/sysbox-deploy-k8s:v0.7.2-0';
export const NEXT_TAR = '/var/tmp/next.tar';

export class Lifecycle {
  readonly steps = new Steps('The lifecycle of a runtime on a K3s server');
  node!: Node;
  cluster!: Cluster;
  installation!: Installation;
  /** The node before the runtime was installed. */
  before!: Snapshot;

  /** A node that has the runtime and a system pod, switched off. */
  async begin(): Promise<void> {
    const built = await platform(distImages());
    const made = await this.step('node with the runtime built or found in the cache', () => installed(built));
    this.before = made.before;
    const image = await installerImage(NEXT_IMAGE, await nextRelease(built.sysboxDir));
    this.node = await serverNode({ ...built, disk: made.disk }, { files: { [NEXT_TAR]: { from: image } } });
  }

  async end(): Promise<void> {
    this.steps.print();
    await this.node?.dispose();
  }

  step<T>(name: string, action: () => Promise<T>): Promise<T> {
    return this.steps.step(name, action);
  }

  /** Switches the node on; K3s need not run yet. */
  async boot(): Promise<void> {
    await this.node.boot();
    this.cluster = await Cluster.of(this.node);
    this.installation = new Installation(this.node, this.cluster);
  }

  /** A test of which the node's state is printed when it fails. */
  chapter(name: string, act: () => Promise<void>): void {
    test(name, async () => {
      try {
        await act();
      } catch (error) {
        process.stdout.write(await diagnose(this.node, this.cluster));
        throw error;
      }
    });
  }

  async exists(path: string): Promise<boolean> {
    return (await this.node.exec(`test -e ${path}`)).code === 0;
  }
}

const CONTAINERD_LOG = '/var/lib/rancher/k3s/agent/containerd/containerd.log';

/**
 * K3s's unit fails while our drop-in is there, as with a containerd that accepts the file and then dies of it: its log has grown. Without
 * that line the installer waits, since an engine that never starts containerd (a datastore that is away) says nothing about the file.
 */
export const sabotage = {
  file: '/etc/systemd/system/k3s.service.d/90-sabotage.conf',
  async begin(node: Node): Promise<void> {
    const dies = `echo 'level=fatal msg="sabotage of the test"' >>${CONTAINERD_LOG}; exit 1`;
    await node.put('/usr/local/sbin/sabotage', {
      content: `#!/bin/sh\n[ ! -e ${OURS} ] || { ${dies}; }\n`,
      mode: 0o755,
    });
    await node.put(this.file, { content: '[Service]\nExecStartPre=/usr/local/sbin/sabotage\n' });
    await node.run('systemctl daemon-reload');
  },
  async end(node: Node): Promise<void> {
    await node.run(`rm ${this.file} /usr/local/sbin/sabotage; systemctl daemon-reload`);
  },
};
