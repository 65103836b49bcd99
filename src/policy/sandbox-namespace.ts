import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { clusterScoped } from '../core/cluster-scoped';
import { assertLabel, assertLabelName } from '../core/names';
import { assertCidr } from '../core/cidr';
import { PodSecurityLevel } from '../runtime/pod-security-level';
import {
  assertLimits,
  SandboxContainerDefaultsOptions,
  SandboxQuotaOptions,
  toHard,
  toLimitRange,
} from './sandbox-limits';
import { networkPolicies, SandboxNamespaceNetworkOptions } from './sandbox-network';

/** A namespace for pods of people who are not trusted with the cluster. */
export interface SandboxNamespaceProps {
  /** Name of the namespace, a DNS label. */
  readonly name: string;

  /**
   * What Pod Security enforces.
   *
   * @default PodSecurityLevel.BASELINE, which every system pod passes
   */
  readonly podSecurity?: PodSecurityLevel;

  /**
   * Version of the Pod Security Standards, "latest" or as in "v1.36". Restricted admits a uid-0 system pod from v1.35 on.
   *
   * @default "latest"
   */
  readonly podSecurityVersion?: string;

  /**
   * Further labels of the namespace.
   *
   * @default - none
   */
  readonly labels?: Record<string, string>;

  /**
   * What all pods may take together. A quota of a resource refuses pods that say nothing of it, so `containerDefaults`
   * always says something of CPU and memory.
   *
   * @default - 20 pods
   */
  readonly quota?: SandboxQuotaOptions;

  /**
   * What a container gets that says nothing of its own.
   *
   * @default - 100m CPU and 256Mi requested, 4Gi of memory as the limit
   */
  readonly containerDefaults?: SandboxContainerDefaultsOptions;

  /**
   * What pods may reach. DNS always is.
   *
   * @default - the pods of the same namespace
   */
  readonly network?: SandboxNamespaceNetworkOptions;
}

/** A namespace with Pod Security, a quota, defaults for containers, and closed network policies. */
export class SandboxNamespace extends Construct {
  /** Name of the namespace. */
  public readonly namespaceName: string;

  constructor(scope: Construct, id: string, props: SandboxNamespaceProps) {
    super(scope, id);
    this.namespaceName = props.name;
    this.refuseBadProps(props);
    const metadata = (name: string) => ({ name, namespace: props.name });
    clusterScoped(
      new kplus.k8s.KubeNamespace(this, 'Resource', {
        metadata: { name: props.name, labels: { ...props.labels, ...podSecurityLabels(props) } },
      }),
    );
    new kplus.k8s.KubeResourceQuota(this, 'Quota', {
      metadata: metadata('sandbox'),
      spec: { hard: toHard(props.quota ?? {}) },
    });
    new kplus.k8s.KubeLimitRange(this, 'Limits', {
      metadata: metadata('sandbox'),
      spec: { limits: [toLimitRange(props.containerDefaults ?? {})] },
    });
    for (const [name, spec] of Object.entries(networkPolicies(props.network ?? {}))) {
      new kplus.k8s.KubeNetworkPolicy(this, name, { metadata: metadata(name), spec });
    }
  }

  private refuseBadProps(props: SandboxNamespaceProps): void {
    const where = this.node.path;
    assertLabelName(props.name, `${where}: name`);
    for (const [key, value] of Object.entries(props.labels ?? {})) assertLabel(key, value, `${where}: labels`);
    const version = props.podSecurityVersion ?? 'latest';
    if (!/^(latest|v1\.\d{1,2})$/.test(version)) {
      throw new Error(`${where}: podSecurityVersion '${version}' is no version. Write 'latest' or 'v1.36'`);
    }
    const minor = Number(version.split('.')[1] ?? Infinity);
    if (props.podSecurity === PodSecurityLevel.RESTRICTED && minor < 35) {
      throw new Error(
        `${where}: Restricted of ${version} refuses root in any pod, user namespace or not. Use v1.35 or later, or BASELINE`,
      );
    }
    for (const cidr of props.network?.allowedEgressCidrs ?? []) {
      assertCidr(cidr, `${where}: network.allowedEgressCidrs`);
    }
    assertLimits(props.containerDefaults ?? {}, `${where}: containerDefaults`);
    const { pods, claims } = props.quota ?? {};
    for (const [what, number] of Object.entries({ pods, claims })) {
      if (number !== undefined && (!Number.isInteger(number) || number < 0)) {
        throw new Error(`${where}: quota.${what} is ${number}. Give a whole number from 0 on`);
      }
    }
  }
}

function podSecurityLabels(props: SandboxNamespaceProps): Record<string, string> {
  const level = props.podSecurity ?? PodSecurityLevel.BASELINE;
  const version = props.podSecurityVersion ?? 'latest';
  return Object.fromEntries(
    ['enforce', 'audit', 'warn'].flatMap((mode) => [
      [`pod-security.kubernetes.io/${mode}`, level],
      [`pod-security.kubernetes.io/${mode}-version`, version],
    ]),
  );
}
