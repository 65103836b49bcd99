import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { assertCidr } from '../workloads/cidr';

/** Pod and service CIDRs of K3s and RKE2, and where clouds tell machines their credentials. */
const CLUSTER_CIDRS = ['10.42.0.0/16', '10.43.0.0/16'];
const METADATA_CIDR = '169.254.0.0/16';

/** Whom a sandbox can reach, and who can reach it. */
export interface SandboxNetworkOptions {
  /**
   * Addresses from which SSH is allowed, as CIDRs. Through a Service of type NodePort or LoadBalancer the address is often
   * that of a node. An empty list lets nobody in.
   *
   * @default - all
   */
  readonly sshFrom?: string[];

  /**
   * Pod and service CIDRs of the cluster, which the sandbox cannot reach but for DNS.
   *
   * @default - those of K3s and RKE2: 10.42.0.0/16 and 10.43.0.0/16
   */
  readonly clusterCidrs?: string[];

  /**
   * Addresses that the sandbox can reach though they lie in the cluster, as CIDRs.
   *
   * @default - none
   */
  readonly alsoTo?: string[];
}

/**
 * SSH in; DNS and everything outside the cluster out.
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
  const block = (cidr: string, except?: string[]) => ({ ipBlock: { cidr, except } });
  const cluster = [...(options.clusterCidrs ?? CLUSTER_CIDRS), METADATA_CIDR];
  const ssh = { port: kplus.k8s.IntOrString.fromNumber(port), protocol: 'TCP' };
  // an empty `from` would let everybody in (NetworkPolicyIngressRule)
  const nobody = options.sshFrom?.length === 0;
  const [v4, v6] = [cluster.filter((cidr) => !cidr.includes(':')), cluster.filter((cidr) => cidr.includes(':'))];
  new kplus.k8s.KubeNetworkPolicy(scope, id, {
    spec: {
      podSelector: { matchLabels: pods },
      policyTypes: ['Ingress', 'Egress'],
      ingress: nobody ? [] : [{ ports: [ssh], from: options.sshFrom?.map((cidr) => block(cidr)) }],
      egress: [
        {
          to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
          ports: ['UDP', 'TCP'].map((protocol) => ({ port: kplus.k8s.IntOrString.fromNumber(53), protocol })),
        },
        { to: [block('0.0.0.0/0', v4), block('::/0', v6.length > 0 ? v6 : undefined)] },
        ...(options.alsoTo?.length ? [{ to: options.alsoTo.map((cidr) => block(cidr)) }] : []),
      ],
    },
  });
}

function assertCidrs(options: SandboxNetworkOptions, where: string): void {
  const { sshFrom = [], clusterCidrs = [], alsoTo = [] } = options;
  for (const [prop, cidrs] of Object.entries({ sshFrom, clusterCidrs, alsoTo })) {
    for (const cidr of cidrs) assertCidr(cidr, `${where}: ${prop}`);
  }
}
