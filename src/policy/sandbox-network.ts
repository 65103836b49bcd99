import * as kplus from 'cdk8s-plus-30';
import { NODE_LOCAL_DNS, PRIVATE_IPV4, PRIVATE_IPV6 } from '../core/private-addresses';

/** What the pods of a namespace may reach. Everything else is closed, in both directions. */
export interface SandboxNamespaceNetworkOptions {
  /**
   * Whether pods of the same namespace reach each other.
   *
   * @default true
   */
  readonly sameNamespace?: boolean;

  /**
   * Whether pods reach addresses outside the private ranges: registries and package mirrors, but neither nodes, nor other
   * pods, nor the metadata service of a cloud.
   *
   * @default false
   */
  readonly internet?: boolean;

  /**
   * Further addresses that pods reach, as CIDRs, such as that of a registry in the private network.
   *
   * @default - none
   */
  readonly allowedEgressCidrs?: string[];

  /**
   * CIDRs of DNS servers other than the DNS pods of kube-system. A node-local cache runs in the network of the host, where
   * no selector matches it. With kube-proxy in iptables mode it also answers at the cluster IP of DNS: name that one as well.
   *
   * @default ["169.254.20.10/32"], the node-local cache of Kubernetes and RKE2
   */
  readonly dnsCidrs?: string[];
}

/** CoreDNS with the labels of K3s, RKE2 and kubeadm. */
const DNS_PODS: kplus.k8s.NetworkPolicyPeer = {
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
    'allow-dns': egress([
      { to: [DNS_PODS, ...blocks(network.dnsCidrs ?? [NODE_LOCAL_DNS])], ports: [port('UDP'), port('TCP')] },
    ]),
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
    policies['allow-cidrs'] = egress([{ to: blocks(network.allowedEgressCidrs) }]);
  }
  return policies;
}

function blocks(cidrs: string[]): kplus.k8s.NetworkPolicyPeer[] {
  return cidrs.map((cidr) => ({ ipBlock: { cidr } }));
}

function port(protocol: string): kplus.k8s.NetworkPolicyPort {
  return { protocol, port: kplus.k8s.IntOrString.fromNumber(53) };
}

function egress(rules: kplus.k8s.NetworkPolicyEgressRule[]): kplus.k8s.NetworkPolicySpec {
  return { podSelector: {}, policyTypes: ['Egress'], egress: rules };
}
