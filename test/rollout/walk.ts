import { Random } from './random';
import { nodeObject, Outcome, RolloutState, Seen, Transition } from './rules';

type Phase = 'waiting' | 'holding' | 'dead' | 'done' | 'failed';

interface WalkingNode {
  readonly name: string;
  readonly server: boolean;
  readonly etcd: boolean;
  /** Hours between this node's clock and the others'. */
  readonly offset: number;
  healthy: boolean;
  phase: Phase;
  revision: string;
  heldRevision: string;
  renewedAt: number;
  seen: Seen;
}

const expiry = 240;
const nothing: RolloutState = { revision: null, holders: {}, failed: {}, done: 0, serial: 0 };

/** A small cluster that takes one random step at a time; `judge` knows the truth and compares the state with it. */
export class Walk {
  state: RolloutState | undefined;
  readonly concurrency: number;
  readonly budget: number;
  readonly nodes: WalkingNode[];
  private time = 0;
  private revisions = 1;
  private lost = new Set<string>();
  private acting!: { node: WalkingNode; act: Transition['act'] };
  readonly counts = { granted: 0, refused: 0, vanished: 0, refunded: 0, revisions: 1 };

  constructor(private readonly random: Random) {
    this.budget = 1 + random.below(5);
    this.concurrency = 1 + random.below(this.budget);
    const servers = 1 + random.below(4);
    this.nodes = Array.from({ length: servers + random.below(9) }, (_, i) => ({
      name: `n${i}`,
      server: i < servers,
      etcd: i < servers && servers > 1,
      offset: random.below(1_000_000),
      healthy: true,
      phase: 'waiting',
      revision: 'p1',
      heldRevision: '',
      renewedAt: 0,
      seen: {},
    }));
  }

  private get revision(): string {
    return `p${this.revisions}`;
  }

  private in(...phases: Phase[]): WalkingNode[] {
    return this.nodes.filter(({ phase }) => phases.includes(phase));
  }

  /** The next transition; with `faults` off, only what leads to the end. */
  next(faults: boolean): Transition | undefined {
    const { random } = this;
    this.time += random.below(30);
    const late = this.in('holding').filter(({ renewedAt }) => this.time - renewedAt > 60);
    if (late[0]) return this.act(late[0], 'renew');
    if (faults && random.chance(0.01)) this.newRevision();
    if (faults && random.chance(0.1)) {
      const sick = random.pick(this.nodes);
      sick.healthy = !sick.healthy;
    }
    if (!faults) this.calm();
    const node = random.pick(this.in('waiting', 'holding', ...(faults ? (['dead'] as const) : [])));
    if (!node) return undefined;
    if (node.phase === 'waiting') return this.act(node, 'acquire');
    if (node.phase === 'dead') return random.chance(0.1) ? this.act(node, 'success') : this.act(node, 'find');
    if (faults && random.chance(0.15)) {
      node.phase = 'dead';
      return this.act(node, 'find');
    }
    return this.act(node, faults ? random.pick(['renew', 'renew', 'success', 'failure', 'unused']) : 'success');
  }

  /** All is well again, but for agents that never got the newer revision's pod: only a node that is not Ready gets none. */
  private calm(): void {
    for (const node of this.nodes)
      node.healthy = node.server || node.phase !== 'dead' || node.heldRevision === this.revision;
  }

  private act(node: WalkingNode, act: Transition['act']): Transition {
    this.acting = { node, act };
    return {
      act,
      me: node.name,
      revision: node.revision,
      state: this.state,
      role: node.server ? 'server' : 'agent',
      concurrency: this.concurrency,
      budget: this.budget,
      nodes: this.nodes.map((each) =>
        nodeObject({
          ...each,
          ready: each.healthy,
          voter: each.healthy,
          stage: each.phase === 'done' ? 'ready' : each.phase === 'failed' ? 'failed' : 'validated',
        }),
      ),
      at: this.time + node.offset,
      expiry,
      seen: node.seen,
    };
  }

  /** Every node gets a new pod; those in restart end what they began first (coordinator.sh, finish). */
  private newRevision(): void {
    this.revisions++;
    this.counts.revisions++;
    for (const node of this.nodes) {
      node.revision = this.revision;
      if (node.phase === 'done' || node.phase === 'failed') node.phase = 'waiting';
    }
  }

  /** What is wrong with the outcome; undefined when nothing is. */
  judge(outcome: Outcome): string | undefined {
    const { node, act } = this.acting;
    const before = this.state ?? nothing;
    const after = outcome.state ?? nothing;
    this.state = outcome.state;
    node.seen = outcome.seen;
    if (after.revision !== before.revision) this.lost.clear();
    this.follow(node, act, outcome, before, after);
    return act === 'acquire' && outcome.verdict === 'granted' ? this.judgeGrant(node, after) : this.judgeState(after);
  }

  private follow(
    node: WalkingNode,
    act: string,
    { verdict }: Outcome,
    before: RolloutState,
    after: RolloutState,
  ): void {
    for (const name of Object.keys(before.holders)) {
      if (name !== node.name && !after.holders[name]) {
        this.counts.vanished++;
        if (before.holders[name]?.revision === after.revision) this.lost.add(name);
      }
    }
    if (act === 'acquire' && verdict === 'granted') {
      this.counts.granted++;
      this.lost.delete(node.name);
      Object.assign(node, { phase: 'holding', heldRevision: node.revision, renewedAt: this.time });
    } else if (act === 'acquire') this.counts.refused++;
    if (act === 'renew') node.renewedAt = this.time;
    const current = node.heldRevision === node.revision;
    if (act === 'success') {
      if (before.failed[node.name]) this.counts.refunded++;
      this.lost.delete(node.name);
      node.phase = current ? 'done' : 'waiting';
    }
    if (act === 'failure') {
      if (after.failed[node.name]) this.lost.add(node.name);
      node.phase = current ? 'failed' : 'waiting';
    }
    if (act === 'unused') {
      if (after.failed[node.name]) this.lost.add(node.name);
      node.phase = 'waiting';
    }
  }

  private judgeGrant(node: WalkingNode, after: RolloutState): string | undefined {
    const others = Object.keys(after.holders).filter((name) => name !== node.name);
    const atRisk = new Set([...others, ...Object.keys(after.failed), node.name]);
    if (others.length + 1 > this.concurrency) return `${others.length + 1} in restart`;
    if (atRisk.size > this.budget) return `${atRisk.size} at risk with a budget of ${this.budget}`;
    if (after.done === 0 && others.length > 0) return 'the canary is not alone';
    if (others.some((name) => after.holders[name]?.role === 'server')) return 'beside a server';
    if (!node.server) return this.judgeState(after);
    const sick = this.nodes.filter((other) => other.server && other !== node && !other.healthy);
    if (sick.length) return `while ${sick[0]?.name} is not healthy`;
    const agents = this.nodes.filter(
      (other) => !other.server && other.healthy && other.phase === 'waiting' && !after.failed[other.name],
    );
    if (agents.length) return `before the agent ${agents[0]?.name}`;
    return this.judgeState(after);
  }

  private judgeState(after: RolloutState): string | undefined {
    const holders = Object.keys(after.holders);
    if (holders.length > this.concurrency) return `${holders.length} holders`;
    if (new Set([...holders, ...Object.keys(after.failed)]).size > this.budget) return 'the budget is overspent';
    if (this.lost.size > this.budget) return `${this.lost.size} nodes lost with a budget of ${this.budget}`;
    const forgotten = this.nodes.find(
      ({ name, phase, heldRevision }) =>
        ['holding', 'dead'].includes(phase) &&
        heldRevision === after.revision &&
        !after.holders[name] &&
        !after.failed[name],
    );
    return forgotten && `${forgotten.name} is forgotten in the middle of its restart`;
  }

  /** Everybody is done, or the rollout has stopped because of as many failures as the budget has. */
  get ended(): 'done' | 'stopped' | undefined {
    if (!this.in('waiting', 'holding').length) return 'done';
    const current = this.state?.revision === this.revision ? this.state : undefined;
    const spent = Object.keys(current?.failed ?? {}).length >= this.budget;
    return spent && !this.in('holding').length ? 'stopped' : undefined;
  }

  describe(): string {
    const { node, act } = this.acting;
    return JSON.stringify({ act, node, state: this.state, budget: this.budget, concurrency: this.concurrency });
  }
}
