// A network of pods on this machine, without a node: a bridge in a namespace of its own, and a namespace for each pod.
import { must, run } from './host';

const GATEWAY = '10.77.0.1';

export class PodNetwork {
  private readonly pods = new Set<string>();

  private constructor(private readonly name: string) {}

  static async create(name: string): Promise<PodNetwork> {
    const network = new PodNetwork(name);
    await network.remove();
    await must(['ip', 'netns', 'add', name]);
    await must(['ip', '-n', name, 'link', 'add', 'br0', 'type', 'bridge']);
    await must(['ip', '-n', name, 'addr', 'add', `${GATEWAY}/24`, 'dev', 'br0']);
    await must(['ip', '-n', name, 'link', 'set', 'br0', 'up']);
    return network;
  }

  /** The namespace of a pod. */
  namespace = (pod: string) => `${this.name}-${pod}`;

  /** Gives a pod a new namespace with an address, as a new sandbox has. */
  async attach(pod: string, address: string): Promise<void> {
    const inside = this.namespace(pod);
    await this.detach(pod);
    this.pods.add(pod);
    await must(['ip', 'netns', 'add', inside]);
    const port = ['link', 'add', `p-${pod}`.slice(-15), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', inside];
    await must(['ip', '-n', this.name, ...port]);
    await must(['ip', '-n', this.name, 'link', 'set', `p-${pod}`.slice(-15), 'master', 'br0', 'up']);
    await must(['ip', '-n', inside, 'addr', 'add', `${address}/24`, 'dev', 'eth0']);
    await must(['ip', '-n', inside, 'link', 'set', 'lo', 'up']);
    await must(['ip', '-n', inside, 'link', 'set', 'eth0', 'up']);
    await must(['ip', '-n', inside, 'route', 'add', 'default', 'via', GATEWAY]);
  }

  async detach(pod: string): Promise<void> {
    await run(['ip', 'netns', 'del', this.namespace(pod)]);
    await run(['ip', '-n', this.name, 'link', 'del', `p-${pod}`.slice(-15)]);
  }

  async remove(): Promise<void> {
    for (const pod of this.pods) await this.detach(pod);
    await run(['ip', 'netns', 'del', this.name]);
  }
}
