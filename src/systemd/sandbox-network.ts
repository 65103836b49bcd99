import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { assertCidr } from '../core/cidr';
import { NODE_LOCAL_DNS, PRIVATE_IPV4, PRIVATE_IPV6 } from '../core/private-addresses';

/** Whom a sandbox can reach, and who can reach it. */
export interface SandboxNetworkOptions {
  /**
   * Addresses from which SSH is allowed, as CIDRs. Through a Service of type NodePort or LoadBalancer the address is often
   * that of a node. An empty list lets nobody in.
   *
   * @default - all
   */
  readonly sshSourceCidrs?: string[];

  /**
   * Pod, service and node CIDRs of the cluster that lie outside the private ranges. The sandbox reaches none of them, and no
   * private range either: a policy sees the address behind a Service, and that of the API server is a node's (kube-proxy
   * translates before the filter looks).
   *
   * @default - none
   */
  readonly hostCidrs?: string[];

  /**
   * Private addresses that the sandbox can reach all the same, such as those of a registry in the own network, as CIDRs.
   *
   * @default - none
   */
  readonly allowedEgressCidrs?: string[];
}

/**
 * SSH in; DNS and everything outside the cluster and the private ranges out.
 *
 * @internal
 */
export function sandboxPolicy(
  scope: Construct,
  id: string,
  pods: Record<string, string>,
  port: number,
  options: SandboxNetworkOptions,
): void {
  assertCidrs(options, `${scope.node.path}: network`);
  const ssh = { port: kplus.k8s.IntOrString.fromNumber(port), protocol: 'TCP' };
  // an empty `from` would let everybody in (NetworkPolicyIngressRule)
  const nobody = options.sshSourceCidrs?.length === 0;
  new kplus.k8s.KubeNetworkPolicy(scope, id, {
    spec: {
      podSelector: { matchLabels: pods },
      policyTypes: ['Ingress', 'Egress'],
      ingress: nobody ? [] : [{ ports: [ssh], from: options.sshSourceCidrs?.map((cidr) => block(cidr)) }],
      egress: sandboxEgress(options),
    },
  });
}

function block(cidr: string, except?: string[]): kplus.k8s.NetworkPolicyPeer {
  return { ipBlock: { cidr, except } };
}

/**
 * DNS and everything outside the cluster and the private ranges.
 *
 * @internal
 */
export function sandboxEgress(
  options: Pick<SandboxNetworkOptions, 'hostCidrs' | 'allowedEgressCidrs'>,
): kplus.k8s.NetworkPolicyEgressRule[] {
  const { hostCidrs = [], allowedEgressCidrs = [] } = options;
  const v4 = [...PRIVATE_IPV4, ...hostCidrs.filter((cidr) => !cidr.includes(':'))];
  const v6 = [...PRIVATE_IPV6, ...hostCidrs.filter((cidr) => cidr.includes(':'))];
  return [
    {
      to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }, block(NODE_LOCAL_DNS)],
      ports: ['UDP', 'TCP'].map((protocol) => ({ port: kplus.k8s.IntOrString.fromNumber(53), protocol })),
    },
    { to: [block('0.0.0.0/0', v4), block('::/0', v6)] },
    ...(allowedEgressCidrs.length > 0 ? [{ to: allowedEgressCidrs.map((cidr) => block(cidr)) }] : []),
  ];
}

function assertCidrs(options: SandboxNetworkOptions, where: string): void {
  const { sshSourceCidrs = [], hostCidrs = [], allowedEgressCidrs = [] } = options;
  for (const [prop, cidrs] of Object.entries({ sshSourceCidrs, hostCidrs, allowedEgressCidrs })) {
    for (const cidr of cidrs) assertCidr(cidr, `${where}: ${prop}`);
  }
}
