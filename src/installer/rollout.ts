import { Duration } from 'cdk8s';

/** How the change goes over the nodes of a cluster. */
export interface RolloutOptions {
  /**
   * How many agents may restart K3s at once. Servers always restart one at a time, after the agents, and only while every
   * other server is Ready. The first agent of a rollout goes alone.
   *
   * Refused: less than 1, and more than `failureBudget`, since that many nodes could fail together.
   *
   * @default 1
   */
  readonly concurrency?: number;

  /**
   * After how many failed nodes the rollout stops. A node that was rolled back, and one whose installer vanished in the
   * middle of a restart, count. Nodes in restart are counted as if they could fail, so no more than this many are lost.
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
  readonly concurrency: number;
  readonly failureBudget: number;
  readonly deadline: number;
  readonly drainTimeout: number;
}

/** @internal */
export function rolloutOf(options: RolloutOptions, where: string): Rollout {
  const concurrency = options.concurrency ?? 1;
  const failureBudget = options.failureBudget ?? 1;
  for (const [name, value] of Object.entries({ concurrency, failureBudget })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new Error(`${where}: rollout.${name} is ${value}. Give a whole number of nodes, 1 or more`);
    }
  }
  if (concurrency > failureBudget) {
    throw new Error(
      `${where}: rollout.concurrency ${concurrency} is above rollout.failureBudget ${failureBudget}: that many nodes could fail at once. ` +
        `Lower concurrency to ${failureBudget} or raise failureBudget to ${concurrency}`,
    );
  }
  const deadline = (options.deadline ?? Duration.minutes(10)).toSeconds();
  if (deadline < 120) {
    throw new Error(
      `${where}: rollout.deadline is ${deadline} s. Give at least 120 s: a K3s restart alone can take one minute`,
    );
  }
  const drainTimeout = (options.drainTimeout ?? Duration.minutes(10)).toSeconds();
  return { concurrency, failureBudget, deadline, drainTimeout };
}
