// A node with an engine of its own, and what the chapters of a test know of it.
import { ControlPlane } from '../harness/controlPlane';
import { diagnose } from '../harness/diagnosis';
import { Installation } from '../harness/installation';
import { joinCluster, kubeletNode } from '../harness/kubeletNode';
import type { Cluster } from '../harness/kubectl';
import type { Node } from '../harness/node';
import type { NodeEngine } from '../harness/nodeEngines';
import { snapshot, type Snapshot } from '../harness/snapshot';
import { Steps } from '../harness/steps';

export const IMAGE = 'docker.io/library/ubuntu:24.04';

export class EngineNode {
  readonly steps: Steps;
  controlPlane!: ControlPlane;
  engine!: NodeEngine;
  node!: Node;
  installation!: Installation;
  /** The node before the runtime was installed. */
  before!: Snapshot;

  constructor(
    title: string,
    private readonly engineOf: () => Promise<NodeEngine>,
  ) {
    this.steps = new Steps(title);
  }

  /** A Ready node with a pod. */
  async begin(): Promise<void> {
    this.engine = await this.step('engine built or found in the cache', this.engineOf);
    this.controlPlane = await this.step('control plane ready', () => ControlPlane.start());
    this.node = await this.step('disk built or found in the cache', () => kubeletNode(this.engine, this.controlPlane));
    this.installation = new Installation(this.node, this.cluster);
    await this.step('boot to ssh', () => this.node.boot());
    const start = new Date();
    await joinCluster(this.node, this.engine);
    await this.explained(async () => {
      await this.step('node Ready', () => this.cluster.nodeReady(this.node.name, start));
      await this.cluster.apply(plainPod('before'));
      await this.step('a plain pod runs', () => this.cluster.podRunning('before'));
    });
  }

  async noteFiles(): Promise<void> {
    this.before = await this.step('files and units noted', () => snapshot(this.node));
  }

  async end(): Promise<void> {
    this.steps.print();
    await this.node?.dispose();
    await this.controlPlane?.stop();
  }

  get cluster(): Cluster {
    return this.controlPlane.cluster;
  }

  step<T>(name: string, action: () => Promise<T>): Promise<T> {
    return this.steps.step(name, action);
  }

  /** A test of which the node's state is printed when it fails. */
  chapter(name: string, act: () => Promise<void>): void {
    test(name, () => this.explained(act));
  }

  crictl(command: string): Promise<string> {
    return this.node.run(`crictl --runtime-endpoint ${this.engine.endpoint} --timeout 30s ${command}`);
  }

  /** The id of the one running container of this name. */
  container(name: string): Promise<string> {
    return this.crictl(`ps --quiet --no-trunc --name '^${name}$'`);
  }

  /** The first process of that container, as the node sees it. */
  async process(name: string): Promise<string> {
    return this.crictl(`inspect --output go-template --template '{{.info.pid}}' ${await this.container(name)}`);
  }

  /** The control group on which the limits of that container are set. */
  async controlGroup(name: string): Promise<string> {
    const id = await this.container(name);
    // Of systemd's driver, or of cgroupfs.
    const names = `-name '*-${id}.scope' ! -name '*conmon*' -o -name '${id}'`;
    return this.node.run(`find /sys/fs/cgroup -type d \\( ${names} \\) -print -prune`);
  }

  private async explained(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      process.stdout.write(
        `${await diagnose(this.node, this.cluster)}\n--- control plane\n${this.controlPlane.log()}\n`,
      );
      throw error;
    }
  }
}

/** A pod that knows nothing of Sysbox. */
export function plainPod(name: string, spec: Record<string, unknown> = {}): string {
  const containers = [{ name, image: IMAGE, command: ['sleep', 'infinity'] }];
  const whole = { terminationGracePeriodSeconds: 1, automountServiceAccountToken: false, containers, ...spec };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: whole });
}
