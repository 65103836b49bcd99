import * as kplus from 'cdk8s-plus-30';
import { PRIVATE_IPV4, PRIVATE_IPV6 } from '../core/private-addresses';

/** What pods of a namespace may reach. Everything that is not named is closed, in both directions. */
export interface SandboxNamespaceNetworkOptions {
  /**
   * Pods of the same namespace reach each other.
   *
   * @default true
   */
  readonly sameNamespace?: boolean;

  /**
   * Pods reach addresses outside the private ranges: registries and package mirrors, but neither the nodes, nor other pods,
   * nor a cloud's metadata service.
   *
   * @default false
   */
  readonly internet?: boolean;

  /**
   * Further addresses that pods reach, as CIDRs, such as that of a registry in the own network.
   *
   * @default - none
   */
  readonly allowedEgressCidrs?: string[];
}

/** CoreDNS as K3s, RKE2 and kubeadm label it. */
const DNS: kplus.k8s.NetworkPolicyPeer = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
};

/**
 * Network policies of a namespace, by name.
 *
 * @internal
 */
export function networkPolicies(network: SandboxNamespaceNetworkOptions): Record<string, kplus.k8s.NetworkPolicySpec> {
  const policies: Record<string, kplus.k8s.NetworkPolicySpec> = {
    'default-deny': { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    'allow-dns': egress([{ to: [DNS], ports: [port('UDP'), port('TCP')] }]),
  };
  if (network.sameNamespace ?? true) {
    const own = [{ podSelector: {} }];
    const both = { egress: [{ to: own }], ingress: [{ from: own }] };
    policies['allow-same-namespace'] = { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ...both };
  }
  if (network.internet) {
    const v4 = { ipBlock: { cidr: '0.0.0.0/0', except: PRIVATE_IPV4 } };
    const v6 = { ipBlock: { cidr: '::/0', except: PRIVATE_IPV6 } };
    policies['allow-internet'] = egress([{ to: [v4, v6] }]);
  }
  if (network.allowedEgressCidrs?.length) {
    policies['allow-cidrs'] = egress([{ to: network.allowedEgressCidrs.map((cidr) => ({ ipBlock: { cidr } })) }]);
  }
  return policies;
}

function port(protocol: string): kplus.k8s.NetworkPolicyPort {
  return { protocol, port: kplus.k8s.IntOrString.fromNumber(53) };
}

function egress(rules: kplus.k8s.NetworkPolicyEgressRule[]): kplus.k8s.NetworkPolicySpec {
  return { podSelector: {}, policyTypes: ['Egress'], egress: rules };
}
