import { namesIn, RolloutState } from './rollout-state';

/** What is true of the nodes, whatever the ConfigMap says. */
export interface Truth {
  isServer(name: string): boolean;
  /** Servers other than this one that are not Ready voters now. */
  sickServersBeside(name: string): string[];
  /** Ready agents that still have to get this revision. */
  agentsToDo(revision: string): string[];
}

export interface Limits {
  readonly concurrency: number;
  readonly budget: number;
}

/** Compares each version of the ConfigMap with the one before, and with the truth. */
export class Judge {
  readonly violations: string[] = [];
  grants = 0;
  mostAtOnce = 0;
  private before: RolloutState = {
    revision: undefined,
    done: 0,
    nodes: 0,
    failed: undefined,
    pending: undefined,
    slots: {},
  };

  constructor(
    private readonly limits: Limits,
    private readonly truth: Truth,
  ) {}

  see(state: RolloutState | undefined): void {
    if (!state) return;
    const { before } = this;
    this.before = state;
    const holders = namesIn(state, 'held');
    this.mostAtOnce = Math.max(this.mostAtOnce, holders.length);
    const granted = holders.filter((name) => {
      const old = before.slots[name];
      return old?.state !== 'held' || old.revision !== state.slots[name]?.revision;
    });
    for (const name of granted) this.grant(name, before, state);
    this.check(granted.length <= 1, `${granted} were granted a slot in one write`);

    const servers = holders.filter((name) => this.truth.isServer(name));
    this.check(servers.length <= 1, `two servers in restart: ${servers}`);
  }

  private grant(name: string, before: RolloutState, state: RolloutState): void {
    this.grants++;
    const others = namesIn(state, 'held').filter((other) => other !== name);
    const { concurrency, budget } = this.limits;
    const vanished = others.filter((other) => this.vanished.has(other));
    const atOnce = others.length - vanished.length + 1;
    const most = Math.min(concurrency, (state.revision === before.revision ? before.done : 0) + 1);
    this.check(atOnce <= most, `${atOnce} in restart after ${before.done} successes, ${most} allowed`);
    const failed = namesIn(state, 'failed').filter((other) => state.slots[other]?.revision === state.revision);
    this.check(failed.length < budget, `${name} starts although ${failed} have spent the budget of ${budget}`);
    if (!this.truth.isServer(name)) return;
    this.check(others.length === vanished.length, `the server ${name} restarts alongside ${others}`);
    const sick = this.truth.sickServersBeside(name);
    this.check(sick.length === 0, `the server ${name} restarts while ${sick} is not healthy`);
    const agents = this.truth.agentsToDo(state.revision as string).filter((agent) => !state.slots[agent]);
    this.check(agents.length === 0, `the server ${name} restarts before ${agents.length} agents`);
  }

  /** Nodes that died for good in the middle of a restart: after the expiry they count as failed. */
  readonly vanished = new Set<string>();

  check(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation);
  }
}
