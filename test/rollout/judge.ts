import { RolloutState } from './rules';

/** What is true of the nodes, whatever the Lease says. */
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

/** Compares each version of the Lease with the one before, and with the truth. */
export class Judge {
  readonly violations: string[] = [];
  readonly lost = new Map<string, Set<string>>();
  grants = 0;
  mostAtOnce = 0;
  vanished = 0;
  private before: RolloutState = { revision: null, holders: {}, failed: {}, done: 0, serial: 0 };

  constructor(
    private readonly limits: Limits,
    private readonly truth: Truth,
  ) {}

  see(state: RolloutState | undefined): void {
    if (!state) return;
    const { before } = this;
    this.before = state;
    const holders = Object.keys(state.holders);
    this.mostAtOnce = Math.max(this.mostAtOnce, holders.length);
    for (const name of Object.keys(state.failed)) this.lostOf(state.revision).add(name);
    for (const name of Object.keys(before.holders)) {
      if (!state.holders[name] && state.failed[name]?.includes('vanished')) this.vanished++;
    }
    for (const name of holders)
      if (before.holders[name]?.revision !== state.holders[name]?.revision) this.grant(name, state);

    const { concurrency, budget } = this.limits;
    this.check(holders.length <= concurrency, `${holders.length} nodes in restart at once`);
    const atRisk = new Set([...holders, ...Object.keys(state.failed)]).size;
    this.check(atRisk <= budget, `${atRisk} nodes in restart or failed with a budget of ${budget}`);
    this.check(holders.filter((name) => this.truth.isServer(name)).length <= 1, 'two servers in restart');
    if (state.revision === before.revision) {
      const forgotten = Object.keys(before.failed).filter((name) => !state.failed[name] && !state.holders[name]);
      this.check(state.done - before.done >= forgotten.length, `failures of ${forgotten} forgotten without a success`);
    }
  }

  private grant(name: string, state: RolloutState): void {
    this.grants++;
    const others = Object.keys(state.holders).filter((other) => other !== name);
    if (state.done === 0) this.check(others.length === 0, `the canary ${name} is not alone`);
    if (!this.truth.isServer(name)) return;
    this.check(others.length === 0, `the server ${name} restarts beside ${others}`);
    const sick = this.truth.sickServersBeside(name);
    this.check(sick.length === 0, `the server ${name} restarts while ${sick} is not healthy`);
    const agents = this.truth.agentsToDo(state.revision as string).filter((agent) => !state.failed[agent]);
    this.check(agents.length === 0, `the server ${name} restarts before ${agents.length} agents`);
  }

  /** Nodes that were ever counted as failed under a revision. */
  lostOf(revision: string | null): Set<string> {
    const key = revision ?? '';
    if (!this.lost.has(key)) this.lost.set(key, new Set());
    return this.lost.get(key) as Set<string>;
  }

  check(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation);
  }
}
