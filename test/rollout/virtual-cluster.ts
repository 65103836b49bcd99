import { Annotations, namesIn, stateOf } from './rollout-state';
import { Judge, Truth } from './judge';
import { Random } from './random';
import { nodeObject, Outcome, Rules, Seen, Transition } from './rules';

export interface VirtualOptions {
  readonly agents: number;
  readonly servers: number;
  /** As in the settings: a number, or a percentage of all nodes. */
  readonly concurrency: string;
  readonly budget: number;
  /** From the grant to the live runtime. */
  readonly restartSeconds: number;
}

type Phase = 'waiting' | 'restarting' | 'done' | 'failed' | 'vanished' | 'deleted';
export type Fate = 'success' | 'failure' | 'vanishes' | 'is deleted';

interface VirtualNode {
  readonly name: string;
  readonly server: boolean;
  phase: Phase;
  seen: Seen;
  why: string;
  changedAt: number;
}

/** Seconds that a request takes. */
const latency = 0.05;
const expiry = 1200;
const revision = 'revision-a';

/**
 * A rollout in virtual time: the rules as they are shipped (slots.jq) over a ConfigMap in memory, for more nodes than there can be shells.
 *
 * What slots.sh does around the rules is a model: which requests it makes, conflicts by resourceVersion, and when it looks again.
 * Left out: networks that fail, kubelets, preflights, pods that are drained. rollout.test.ts compares it with the real programs
 * against a real API server.
 */
export class VirtualCluster implements Truth {
  readonly requests = { read: 0, write: 0, conflict: 0, page: 0, object: 0, patch: 0, pod: 0, event: 0 };
  readonly judge: Judge;
  readonly nodes: VirtualNode[];
  now = 0;
  /** When the last of them was done. */
  end = 0;
  fate: (node: VirtualNode) => Fate = () => 'success';
  private readonly rules = new Rules();
  private readonly random = new Random();
  private readonly events: { at: number; run: () => Promise<void> | void }[] = [];
  private annotations: Annotations = {};
  private version = 1;

  constructor(readonly options: VirtualOptions) {
    const { agents, servers, concurrency, budget } = options;
    const total = agents + servers;
    const most = concurrency.endsWith('%')
      ? Math.max(1, Math.floor((total * parseInt(concurrency)) / 100))
      : Number(concurrency);
    this.judge = new Judge({ concurrency: most, budget }, this);
    this.nodes = Array.from({ length: total }, (_, i) => ({
      name: `${i < servers ? 'server' : 'agent'}-${i}`,
      server: i < servers,
      phase: 'waiting',
      seen: {},
      why: '',
      changedAt: 0,
    }));
    // The DaemonSet's pods start within a minute.
    for (const node of this.nodes) this.after(this.random.next() * 60, () => this.look(node));
  }

  isServer(name: string): boolean {
    return name.startsWith('server');
  }

  sickServersBeside(): string[] {
    return [];
  }

  agentsToDo(): string[] {
    return this.nodes.filter((node) => !node.server && node.phase === 'waiting').map(({ name }) => name);
  }

  in(...phases: Phase[]): VirtualNode[] {
    return this.nodes.filter(({ phase }) => phases.includes(phase));
  }

  /** Until nobody waits, or nobody can go on. */
  async run(limit = 24 * 3600): Promise<void> {
    try {
      while (this.events.length && this.now < limit) {
        const { at, run } = this.pop();
        this.now = at;
        await run();
        if (this.ended) break;
      }
    } finally {
      this.rules.stop();
    }
  }

  /** Nothing is in restart, and those that wait were told that the rollout has stopped. */
  private get ended(): boolean {
    return !this.in('restarting').length && this.in('waiting').every(({ why }) => why.startsWith('the failure budget'));
  }

  private after(seconds: number, run: () => Promise<void> | void): void {
    const event = { at: this.now + seconds, run };
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.events[middle] as typeof event).at > event.at) low = middle + 1;
      else high = middle;
    }
    this.events.splice(low, 0, event);
  }

  private pop() {
    return this.events.pop() as { at: number; run: () => Promise<void> | void };
  }

  private object(node: VirtualNode) {
    const stages = {
      waiting: 'validated',
      restarting: 'committed',
      vanished: 'committed',
      done: 'ready',
      failed: 'failed',
    };
    const stage = node.phase === 'deleted' ? undefined : stages[node.phase];
    return nodeObject({ name: node.name, server: node.server, etcd: node.server, stage, revision });
  }

  private exists = () => this.nodes.filter(({ phase }) => phase !== 'deleted');

  private ask(node: VirtualNode, one: Pick<Transition, 'act' | 'known' | 'nodes' | 'argument'>): Promise<Outcome> {
    const { concurrency, budget } = this.options;
    return this.rules.judge({
      ...one,
      me: node.name,
      role: node.server ? 'server' : 'agent',
      revision,
      concurrency,
      budget,
      at: Math.floor(this.now),
      expiry,
      random: this.random.below(65536),
      seen: node.seen,
      annotations: this.annotations,
      version: String(this.version),
    });
  }

  /** slots.sh, try_acquire. */
  private async look(node: VirtualNode, attempt = 1): Promise<void> {
    this.requests.read++;
    const outcome = await this.ask(node, { act: 'acquire', known: 'none', nodes: [] });
    // The own pod and node, the DaemonSet, two lists of servers.
    if (outcome.verdict === 'ask') this.after(5 * latency, () => this.lookAgain(node, attempt));
    else this.decided(node, outcome, attempt);
  }

  /** With the servers known, then with all nodes; the ConfigMap is read again after them. */
  private async lookAgain(node: VirtualNode, attempt: number): Promise<void> {
    this.requests.object += 5;
    this.requests.read++;
    const known = [node, ...this.nodes.filter((other) => other.server && other !== node)];
    let outcome = await this.ask(node, {
      act: 'acquire',
      known: 'servers',
      nodes: known.map((each) => this.object(each)),
    });
    if (outcome.verdict === 'ask') {
      this.requests.page += Math.ceil(this.exists().length / 100);
      this.requests.read++;
      const nodes = this.exists().map((each) => this.object(each));
      outcome = await this.ask(node, { act: 'acquire', known: 'all', nodes });
    }
    this.decided(node, outcome, attempt);
  }

  private decided(node: VirtualNode, outcome: Outcome, attempt: number): void {
    const { version } = this;
    node.seen = outcome.seen;
    if (outcome.verdict === 'granted') this.after(2 * latency, () => this.take(node, outcome, version, attempt));
    else this.wait(node, outcome);
  }

  private wait(node: VirtualNode, { why, verdict, pause, suspect }: Outcome): void {
    if (why !== node.why) this.requests.patch++;
    if (verdict === 'stopped' && why !== node.why) this.requests.event++;
    node.why = why;
    if (suspect) this.lookUp(node, suspect);
    this.after(pause, () => this.look(node));
  }

  private lookUp(node: VirtualNode, suspect: string): void {
    this.requests.object++;
    if (this.nodes.find(({ name }) => name === suspect)?.phase === 'deleted') {
      this.after(latency, () => this.step(node, 'forget', suspect));
    }
  }

  private take(node: VirtualNode, { annotations }: Outcome, version: number, attempt: number): void {
    if (!this.write(annotations, version)) {
      if (attempt < 4) this.after(this.backoff(attempt), () => this.look(node, attempt + 1));
      else this.after(5, () => this.look(node));
      return;
    }
    if (node.server) this.requests.object += 4;
    this.requests.patch++;
    node.phase = 'restarting';
    if (!this.annotations['cdk8s-sysbox.io/counted-at']) this.after(0, () => this.count(node));
    const { restartSeconds } = this.options;
    const fate = this.fate(node);
    if (fate === 'vanishes') {
      node.phase = 'vanished';
      this.judge.vanished.add(node.name);
    } else if (fate === 'is deleted') {
      node.phase = 'deleted';
      this.judge.vanished.add(node.name);
    } else {
      for (let at = expiry / 8; at < restartSeconds; at += expiry / 8) this.after(at, () => this.step(node, 'renew'));
      this.after(restartSeconds, () => this.finish(node, fate));
    }
  }

  private async finish(node: VirtualNode, fate: 'success' | 'failure'): Promise<void> {
    // The label, the annotations, the Event; while it restarts, a look at its own node every five seconds. For the verification pod: one
    // annotation; the pod is created and deleted, and the own pod, leftovers (three times) and the pod (twice) are read.
    this.requests.patch += 3;
    this.requests.event++;
    this.requests.pod += 2;
    this.requests.object += 6 + Math.ceil(this.options.restartSeconds / 5);
    node.phase = fate === 'success' ? 'done' : 'failed';
    node.changedAt = this.version;
    this.end = this.now;
    await this.step(node, fate, fate === 'failure' ? 'CrashLoop' : '');
    this.scheduleCount(node);
  }

  /** slots.sh, after_conflict. */
  private backoff(attempt: number): number {
    return this.random.next() * 2 ** Math.min(attempt - 1, 5);
  }

  /** slots.sh, step. */
  private async step(node: VirtualNode, act: Transition['act'], argument = '', attempt = 1): Promise<void> {
    const { version } = this;
    this.requests.read++;
    const { annotations } = await this.ask(node, { act, argument, known: 'none', nodes: [] });
    if (!annotations) return;
    this.after(2 * latency, () => {
      if (this.write(annotations, version)) return;
      this.after(this.backoff(attempt), () => this.step(node, act, argument, attempt + 1));
    });
  }

  private scheduleCount(node: VirtualNode): void {
    const window = Math.min(600, Math.max(10, Math.ceil(stateOf(this.annotations).nodes * 0.06)));
    this.after(window / 2 + (this.random.next() * window) / 2, () => this.count(node));
  }

  private async count(node: VirtualNode): Promise<void> {
    this.requests.read++;
    if (Number(this.annotations['cdk8s-sysbox.io/counted-at'] ?? 0) > node.changedAt) return;
    const pages = Math.ceil(this.exists().length / 100);
    this.requests.page += pages;
    const nodes = this.exists().map((each) => this.object(each));
    const listed = String(this.version);
    this.after(pages * latency, async () => {
      const { version } = this;
      this.requests.read++;
      this.requests.object += 1;
      const { annotations } = await this.ask(node, { act: 'count', argument: listed, nodes });
      this.after(3 * latency, () => {
        if (!this.write(annotations, version)) this.after(this.random.next(), () => this.count(node));
      });
    });
  }

  private write(annotations: Annotations | undefined, version: number): boolean {
    if (!annotations) return true;
    this.requests.write++;
    if (version !== this.version) {
      this.requests.conflict++;
      return false;
    }
    this.annotations = annotations;
    this.version++;
    this.judge.see(stateOf(annotations));
    return true;
  }

  get state() {
    return stateOf(this.annotations);
  }

  summary(): string {
    const { options, requests, judge } = this;
    const minutes = this.end / 60;
    const reads = requests.read + requests.page + requests.object;
    return (
      `${options.agents} agents and ${options.servers} servers, ${options.concurrency} at a time: ${minutes.toFixed(1)} minutes ` +
      `(lower bound ${(lowerBound(options) / 60).toFixed(1)}), ${reads} reads (${(reads / this.end).toFixed(1)} a second; ${requests.page} pages of nodes), ` +
      `${requests.write} ConfigMap writes, ${requests.conflict} of them conflicts, ${requests.patch} node patches, ${requests.pod} writes of pods, ${requests.event} Events, ` +
      `${judge.grants} grants, at most ${judge.mostAtOnce} in restart, ${namesIn(this.state, 'failed').length} failed, ${judge.violations.length} violations`
    );
  }
}

/** Seconds that the same waves take with no delay between them. */
export function lowerBound({ agents, servers, concurrency, restartSeconds }: VirtualOptions): number {
  const total = agents + servers;
  const most = concurrency.endsWith('%')
    ? Math.max(1, Math.floor((total * parseInt(concurrency)) / 100))
    : Number(concurrency);
  let [done, waves] = [0, 0];
  while (done < agents) {
    done += Math.min(done + 1, most);
    waves++;
  }
  return restartSeconds * (waves + servers);
}
