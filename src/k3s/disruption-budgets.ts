import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';

/** @internal */
export interface DisruptionBudgetOptions {
  readonly clusterName: string;
  readonly servers: number;
  readonly maxUnavailable: number;
  /** Of all pods of the cluster. */
  readonly labels: Record<string, string>;
  /** Of the servers, and of the agents where there are any. */
  readonly serverLabels: Record<string, string>;
  readonly agentLabels?: Record<string, string>;
}

/**
 * How many pods an eviction may take away. One budget for all, but several servers have one of their own: no pod can have
 * two (the eviction API refuses it), and of servers that share an etcd never more than one may leave.
 *
 * @internal
 */
export function addDisruptionBudgets(scope: Construct, options: DisruptionBudgetOptions): void {
  const { clusterName, servers, maxUnavailable, labels, serverLabels, agentLabels } = options;
  if (servers === 1) {
    // none for a pod that is not ready anyway: such a pod must never hold up a drain
    addBudget(scope, 'DisruptionBudget', clusterName, labels, { maxUnavailable, matchLabels: labels, always: true });
    return;
  }
  // a member that is not ready may be the one whose vote is missing: evict it only while the others are a majority
  const ofServers = { maxUnavailable: Math.min(maxUnavailable, 1), matchLabels: serverLabels, always: false };
  addBudget(scope, 'DisruptionBudget', clusterName, labels, ofServers);
  if (!agentLabels) return;
  const ofAgents = { maxUnavailable, matchLabels: agentLabels, always: true };
  addBudget(scope, 'AgentDisruptionBudget', `${clusterName}-agent`, labels, ofAgents);
}

interface Budget {
  readonly maxUnavailable: number;
  readonly matchLabels: Record<string, string>;
  readonly always: boolean;
}

function addBudget(scope: Construct, id: string, name: string, labels: Record<string, string>, budget: Budget): void {
  new kplus.k8s.KubePodDisruptionBudget(scope, id, {
    metadata: { name, labels },
    spec: {
      maxUnavailable: kplus.k8s.IntOrString.fromNumber(budget.maxUnavailable),
      selector: { matchLabels: budget.matchLabels },
      unhealthyPodEvictionPolicy: budget.always ? 'AlwaysAllow' : 'IfHealthyBudget',
    },
  });
}
