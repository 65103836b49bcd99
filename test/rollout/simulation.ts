import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer } from '../cluster/api-server';
import { KubeObject } from '../cluster/client';
import { Judge, Limits, Truth } from './judge';
import { stateOfConfigMap, RolloutState } from './rollout-state';
import { RolloutWatch, rolloutPath } from './rollout-watch';
import { installerPod, nodePath, PodEnvironment } from './pod';
import { Random } from './random';
import { nodeObject } from './rules';
import { podShells } from './pod-shell';
import { SimulatedNode } from './simulated-node';
import { UnreliableNetwork } from './unreliable';

/** Seconds of the nodes' own clocks; a holder renews every third round. */
const [roundSeconds, renewEvery] = [5, 3];
/** SLOT_EXPIRY in rounds. */
export const expiryRounds = 48;
/** On two cores, more concurrent shells only wait for each other. */
const atOnce = 4;

export interface SimulationOptions extends Limits {
  readonly agents: number;
  readonly servers: number;
  /** Rounds from the grant to the healthy node. */
  readonly restart: number;
}

type Phase = 'waiting' | 'restarting' | 'dead' | 'done' | 'failed';

export interface Node {
  readonly name: string;
  readonly server: boolean;
  readonly pod: PodEnvironment;
  /** Hours by which its clocks, monotonic and wall, differ from the others'. */
  readonly offset: number;
  process: SimulatedNode;
  phase: Phase;
  revision: string;
  /** The revision of the restart that it is in. */
  heldRevision: string;
  /** Round in which the restart, which does not need the pod, ends. */
  end: number;
  healthy: boolean;
  stopped: boolean;
  /** Round of its next look at the ConfigMap. */
  next: number;
  comesBack: number | undefined;
  /** What the test still has to tell it. */
  busy: Promise<unknown> | undefined;
}

/** As in the manifests. */
export async function resetRollout(server: ApiServer): Promise<void> {
  await server.patch(rolloutPath, { metadata: { annotations: null } });
}

/** What a restart under this revision ends with. */
export type Fate = (node: Node) => 'success' | 'failure';

/** Hundreds of nodes, each with the real coordination code, their Node objects, and the truth about them. */
export class Simulation implements Truth {
  round = 0;
  polls = 0;
  conflicts = 0;
  fate: Fate = () => 'success';
  /** Called before each round. */
  events: (round: number) => Promise<void> | void = () => undefined;
  /** Called when a node is to act; true when it died instead. */
  accident: (node: Node) => boolean = () => false;
  readonly judge: Judge;
  private revisions = 1;
  private readonly watch: RolloutWatch;

  private constructor(
    readonly server: ApiServer,
    readonly network: UnreliableNetwork,
    readonly options: SimulationOptions,
    readonly random: Random,
    readonly nodes: Node[],
    private readonly directory: string,
  ) {
    this.judge = new Judge(options, this);
    this.watch = new RolloutWatch(server, (state) => this.judge.see(state));
  }

  static async start(server: ApiServer, options: SimulationOptions, random: Random): Promise<Simulation> {
    const directory = mkdtempSync(join(tmpdir(), 'rollout-'));
    const network = await UnreliableNetwork.before(server.url);
    await resetRollout(server);
    const nodes: Node[] = [];
    const simulation = new Simulation(server, network, options, random, nodes, directory);
    const kinds = [...Array(options.servers).fill(true), ...Array(options.agents).fill(false)] as boolean[];
    await pooled(16, kinds, async (isServer, i) => {
      const name = `${isServer ? 'server' : 'agent'}-${i}`;
      const object = nodeObject({ name, server: isServer, etcd: isServer });
      await server.delete(nodePath(name)).catch(() => undefined);
      await server.create('/api/v1/nodes', { metadata: object.metadata });
      await server.patch(`${nodePath(name)}/status`, { status: object.status });
      const pod = await installerPod(server, name, directory, network.url);
      const node = { name, server: isServer, pod, offset: random.below(500_000), healthy: true } as Node;
      simulation.begin(node, 'p1');
      nodes.push(node);
    });
    return simulation;
  }

  /** Of the ConfigMap, as the judge saw them. */
  get versions(): number {
    return this.watch.versions;
  }

  get revision(): string {
    return `p${this.revisions}`;
  }

  private begin(node: Node, revision: string): void {
    node.process = new SimulatedNode(node.pod, {
      ...this.options,
      revision,
      expiry: expiryRounds * roundSeconds,
      skew: node.offset - 250_000,
      shell: this.random.pick(podShells)[1],
    });
    Object.assign(node, {
      revision,
      phase: 'waiting',
      heldRevision: '',
      stopped: false,
      next: this.round,
      comesBack: undefined,
      busy: undefined,
    });
  }

  /** As the DaemonSet controller does: new pods everywhere. Those in restart end it first (coordinator.sh, finish). */
  async newRevision(): Promise<void> {
    this.revisions++;
    for (const node of this.nodes) {
      if (node.phase === 'dead') continue;
      const { phase, heldRevision, end } = node;
      await node.process.kill();
      this.begin(node, this.revision);
      if (phase === 'restarting') {
        Object.assign(node, { phase, heldRevision, end });
        await this.ask(node, 'find');
      }
    }
  }

  isServer(name: string): boolean {
    return name.startsWith('server');
  }

  sickServersBeside(name: string): string[] {
    return this.nodes.filter((node) => node.server && node.name !== name && !node.healthy).map((node) => node.name);
  }

  agentsToDo(revision: string): string[] {
    return this.nodes
      .filter(
        (node) =>
          !node.server && node.healthy && node.revision === revision && !['done', 'failed'].includes(node.phase),
      )
      .map((node) => node.name);
  }

  in(...phases: Phase[]): Node[] {
    return this.nodes.filter(({ phase }) => phases.includes(phase));
  }

  /** Nodes whose K3s is really down, pod or no pod. */
  private inRestart(): Node[] {
    return this.nodes.filter((node) => node.phase === 'restarting' || (node.phase === 'dead' && node.end > this.round));
  }

  /** The Node object's conditions, as the kubelet and K3s write them. */
  async setHealthy(node: Node, healthy: boolean): Promise<void> {
    // The truth gets worse before the Node object and better after it, so that it is never better than what can be read.
    if (!healthy) node.healthy = false;
    const sick: KubeObject = this.random.chance(0.5) ? { ready: false } : { voter: false };
    const { status } = nodeObject({ ...node, etcd: node.server, ...(healthy ? {} : sick) });
    await this.server.patch(`${nodePath(node.name)}/status`, { status });
    if (healthy) node.healthy = true;
  }

  async kill(node: Node, comesBackAfter?: number): Promise<void> {
    if (node.phase === 'restarting') this.judge.vanished.add(node.name);
    Object.assign(node, {
      phase: 'dead',
      end: node.phase === 'restarting' ? node.end : this.round,
      comesBack: comesBackAfter && this.round + comesBackAfter,
    });
    await node.process.kill();
  }

  private ask(node: Node, command: string, argument = '', position = 0): Promise<string> {
    return node.process.ask(command, node.offset + (this.round + position) * roundSeconds, argument);
  }

  /** Until every node is done, or knows that the rollout has stopped. */
  async run(limit: number): Promise<number> {
    const start = this.round;
    while (!this.ended) {
      if (this.round - start >= limit) throw new Error(`No end after ${limit} rounds: ${await this.describe()}`);
      await this.step();
    }
    return this.round - start;
  }

  get ended(): boolean {
    const back = this.nodes.some(({ comesBack, busy }) => comesBack !== undefined || busy);
    return !back && this.in('waiting', 'restarting').every(({ phase, stopped }) => phase === 'waiting' && stopped);
  }

  async step(): Promise<void> {
    await this.events(this.round);
    const order = this.random.shuffled(this.nodes);
    await pooled(atOnce, order, (node, i) => this.turn(node, i / order.length));
    this.round++;
  }

  private async turn(node: Node, position: number): Promise<void> {
    if (node.busy) return;
    if (node.comesBack !== undefined && node.comesBack <= this.round) await this.comeBack(node);
    else if (this.in('waiting', 'restarting').includes(node) && this.accident(node)) return;
    const due = (every: number) => (this.round + node.offset) % every === 0;
    if (node.phase === 'waiting' && node.next <= this.round) await this.poll(node, position);
    else if (node.phase === 'restarting' && this.round >= node.end) await this.finish(node, position);
    else if (node.phase === 'restarting' && due(renewEvery)) await this.ask(node, 'renew', '', position);
    else if (['done', 'failed'].includes(node.phase)) await this.ask(node, 'count', '', position);
  }

  private async poll(node: Node, position: number): Promise<void> {
    this.polls++;
    const answer = await this.ask(node, 'acquire', '', position);
    if (node.phase !== 'waiting') return;
    const [verdict, pause] = answer.split(' ');
    node.stopped = verdict === 'stopped';
    node.next = this.round + (verdict === 'granted' ? 0 : Math.max(1, Math.round(Number(pause) / roundSeconds)));
    if (answer.includes(' 409 ')) this.conflicts++;
    if (answer !== 'granted') return;
    Object.assign(node, { phase: 'restarting', heldRevision: node.revision, end: this.round + this.options.restart });
    const now = this.inRestart();
    const alive = now.filter(({ name }) => !this.judge.vanished.has(name));
    this.judge.check(alive.length <= this.options.concurrency, `${alive.length} nodes are really in restart`);
    this.judge.check(now.filter(({ server }) => server).length <= 1, 'two servers are really in restart');
  }

  private async finish(node: Node, position: number): Promise<void> {
    const fate = this.fate(node);
    const current = node.heldRevision === node.revision;
    node.phase = !current ? 'waiting' : fate === 'success' ? 'done' : 'failed';
    const command = !current ? 'release' : fate === 'success' ? 'ready' : 'failed';
    node.busy = this.ask(node, command, fate, position).finally(() => (node.busy = undefined));
    // With a bad network this takes several rounds.
    if (this.network.weather === 'fair') await node.busy;
  }

  /** Another pod on the node: the host finished the restart meanwhile, or never began one. */
  private async comeBack(node: Node): Promise<void> {
    const { heldRevision } = node;
    this.judge.vanished.delete(node.name);
    this.begin(node, this.revision);
    const slot = await this.ask(node, 'find');
    if (slot === 'unknown') {
      await this.kill(node, 1);
      node.heldRevision = heldRevision;
    } else if (slot !== 'free') Object.assign(node, { phase: 'restarting', heldRevision, end: this.round + 1 });
  }

  async state(): Promise<RolloutState> {
    return stateOfConfigMap(await this.server.get(rolloutPath));
  }

  async describe(): Promise<string> {
    const phases = ['waiting', 'restarting', 'dead', 'done', 'failed'] as const;
    const counts = phases.map((phase) => `${this.in(phase).length} ${phase}`).join(', ');
    const [waiting] = this.in('waiting');
    const why = waiting && (await this.ask(waiting, 'acquire'));
    return `seed ${this.random.seed}, round ${this.round}: ${counts}; ${JSON.stringify(await this.state())}; ${waiting?.name}: ${why}`;
  }

  summary(name: string, rounds: number): string {
    const { judge, options, network, watch } = this;
    return (
      `${name}: ${options.agents} agents, ${options.servers} servers, ${options.concurrency} at once, budget ${options.budget} ` +
      `(seed ${this.random.seed}): ${rounds} rounds, ${this.polls} polls, ${network.connections} requests, ${judge.grants} grants ` +
      `(at most ${judge.mostAtOnce} at once), ${this.conflicts} conflicts, ` +
      `${watch.versions} versions of the ConfigMap judged, ${judge.violations.length} violations; ` +
      `${this.in('done').length} done, ${this.in('failed').length} failed, ${this.in('dead').length} dead, ` +
      `${this.in('waiting').length} left as they were`
    );
  }

  async stop(): Promise<void> {
    this.watch.stop();
    await Promise.all(this.nodes.map((node) => node.process.kill()));
    await pooled(16, this.nodes, async ({ name, pod }) => {
      const pods = `/api/v1/namespaces/${pod.NAMESPACE}/pods/${pod.POD_NAME}`;
      await this.server.delete(pods, { gracePeriodSeconds: '0' }).catch(() => undefined);
      await this.server.delete(nodePath(name)).catch(() => undefined);
    });
    await this.network.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function pooled<T>(size: number, items: T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++) await work(items[i] as T, i);
  };
  await Promise.all(Array.from({ length: size }, worker));
}
