import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';

/** How the change goes over the nodes of a cluster. */
export interface RolloutOptions {
  /**
   * How many agents may restart K3s concurrently, as a number or as a percentage of the nodes that get the runtime (rounded down,
   * at least one). A rollout ramps up to it: one canary, then as many as have succeeded and one more, so that each wave has twice
   * as many. Servers always restart one at a time, after the agents, and only while every other server is Ready.
   *
   * Refused: less than 1 node, and percentages outside 1 to 100.
   *
   * @default PercentOrAbsolute.percent(5)
   */
  readonly concurrency?: kplus.PercentOrAbsolute;

  /**
   * After how many failed nodes no further node is restarted. A node that was rolled back, and one whose installer vanished in the
   * middle of a restart, count; nodes that were deleted or are not selected any more do not.
   *
   * Nodes that are in restart at that moment finish, and can fail too: the worst loss is `failureBudget - 1 + concurrency` nodes. `SysboxInstaller.worstLoss`
   * names it. A lost node runs K3s with its old configuration.
   *
   * @default 1: the first failure stops it
   */
  readonly failureBudget?: number;

  /**
   * How long a node may take from the restart to a healthy runtime before the old configuration is put back. A timer of
   * the host's systemd watches it. The time that an agent waits for its server does not count.
   *
   * Refused: less than two minutes (a K3s restart on a small machine takes about one).
   *
   * @default Duration.minutes(10)
   */
  readonly deadline?: Duration;

  /**
   * How long an upgrade or an uninstall waits until this node's system pods are gone; after that the node stays as it is
   * and says which pods are left. They are evicted, so PodDisruptionBudgets hold.
   *
   * @default Duration.minutes(10)
   */
  readonly drainTimeout?: Duration;
}

/** The checked values. @internal */
export interface Rollout {
  /** A number, or a number and "%". */
  readonly concurrency: string;
  readonly failureBudget: number;
  readonly deadline: number;
  readonly drainTimeout: number;
  /** How many nodes a change that fails everywhere can hit. */
  readonly worstLoss: string;
}

/** @internal */
export function rolloutOf(options: RolloutOptions, where: string): Rollout {
  const concurrency = checkedConcurrency(options.concurrency ?? kplus.PercentOrAbsolute.percent(5), where);
  const failureBudget = options.failureBudget ?? 1;
  if (!Number.isInteger(failureBudget) || failureBudget < 1) {
    throw new Error(`${where}: rollout.failureBudget is ${failureBudget}. Give a whole number of nodes, 1 or more`);
  }
  const deadline = (options.deadline ?? Duration.minutes(10)).toSeconds();
  if (deadline < 120) {
    throw new Error(
      `${where}: rollout.deadline is ${deadline} s. Give at least 120 s: a K3s restart alone can take one minute`,
    );
  }
  const drainTimeout = (options.drainTimeout ?? Duration.minutes(10)).toSeconds();
  return { concurrency, failureBudget, deadline, drainTimeout, worstLoss: worstLoss(concurrency, failureBudget) };
}

function checkedConcurrency(concurrency: kplus.PercentOrAbsolute, where: string): string {
  const text = String(concurrency.value);
  const valid = text.endsWith('%') ? /^([1-9]|[1-9]\d|100)%$/.test(text) : /^[1-9]\d*$/.test(text);
  if (valid) return text;
  throw new Error(
    `${where}: rollout.concurrency is ${text}. Give PercentOrAbsolute.absolute(n) with 1 node or more, or .percent(n) from 1 to 100`,
  );
}

/** The last failure that the budget allows comes while `concurrency - 1` other nodes are in restart. */
function worstLoss(concurrency: string, budget: number): string {
  if (!concurrency.endsWith('%')) return nodes(Number(concurrency) + budget - 1);
  return `${concurrency} of the nodes (at least ${nodes(1)})` + (budget > 1 ? ` and ${nodes(budget - 1)} more` : '');
}

const nodes = (count: number) => `${count} node${count === 1 ? '' : 's'}`;
