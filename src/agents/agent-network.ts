import * as kplus from 'cdk8s-plus-30';
import { assertCidr } from '../core/cidr';
import { Json } from '../core/json';
import { sandboxEgress } from '../systemd/sandbox-network';

/** Who can reach agent sandboxes, and what they can reach. */
export interface AgentNetworkOptions {
  /**
   * Addresses that can reach every port of a sandbox, in addition to agent-sandbox's router, as CIDRs.
   *
   * @default - none
   */
  readonly sourceCidrs?: string[];

  /**
   * Pod, service and node CIDRs of the host cluster that lie outside the private ranges. A sandbox reaches none of them, and no
   * private range either.
   *
   * @default - none
   */
  readonly hostCidrs?: string[];

  /**
   * Private addresses that a sandbox can reach all the same, such as those of a registry, as CIDRs.
   *
   * @default - none
   */
  readonly allowedEgressCidrs?: string[];
}

/** Source: agent-sandbox extensions/controllers/sandboxtemplate_controller.go, buildDefaultNetworkPolicySpec. */
const ROUTER = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'agent-sandbox-system' } },
  podSelector: { matchLabels: { app: 'sandbox-router' } },
};

/**
 * The rules of a NetworkPolicy, as they are in a manifest.
 *
 * @internal
 */
export function agentRules(options: AgentNetworkOptions, where: string): Json {
  const { sourceCidrs = [], hostCidrs = [], allowedEgressCidrs = [] } = options;
  for (const [prop, cidrs] of Object.entries({ sourceCidrs, hostCidrs, allowedEgressCidrs })) {
    for (const cidr of cidrs) assertCidr(cidr, `${where}: network: ${prop}`);
  }
  return {
    ingress: [{ from: [ROUTER, ...sourceCidrs.map((cidr) => ({ ipBlock: { cidr } }))] }],
    egress: sandboxEgress(options).map((rule) => kplus.k8s.toJson_NetworkPolicyEgressRule(rule)),
  };
}
