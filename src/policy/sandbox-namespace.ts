import * as kplus from 'cdk8s-plus-30';
import { claimNames } from '../core/unique-names';
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
   * Version of the Pod Security Standards, "latest" or as in "v1.36". Restricted admits a system pod with uid 0 from v1.35 on.
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
   * Limits for all pods together. A quota of a resource rejects pods that do not state it, so `containerDefaults` always
   * states CPU and memory.
   *
   * @default - 20 pods
   */
  readonly quota?: SandboxQuotaOptions;

  /**
   * Resources of a container that states none.
   *
   * @default - 100m CPU and 256Mi requested, 4Gi of memory as the limit
   */
  readonly containerDefaults?: SandboxContainerDefaultsOptions;

  /**
   * What the pods may reach, besides DNS.
   *
   * @default - the pods of the same namespace
   */
  readonly network?: SandboxNamespaceNetworkOptions;
}

/**
 * A namespace with Pod Security, a quota, defaults for containers, and network policies that deny by default.
 *
 * @example
 * import { App, Chart, Size } from 'cdk8s';
 * import { PodSecurityLevel, SandboxNamespace, SystemPod } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'team-a', { namespace: 'team-a' });
 *
 * new SandboxNamespace(chart, 'Namespace', {
 *   name: 'team-a',
 *   podSecurity: PodSecurityLevel.RESTRICTED,
 *   quota: { pods: 5, memoryLimits: Size.gibibytes(16) },
 *   network: { internet: true, allowedEgressCidrs: ['10.0.8.20/32'] }, // and the registry
 * });
 * new SystemPod(chart, 'Shell', {
 *   containers: [{ image: 'docker.io/library/ubuntu:24.04' }],
 *   system: { podSecurity: PodSecurityLevel.RESTRICTED },
 * });
 *
 * app.synth();
 */
export class SandboxNamespace extends Construct {
  /** Name of the namespace. */
  public readonly namespaceName: string;

  constructor(scope: Construct, id: string, props: SandboxNamespaceProps) {
    super(scope, id);
    this.namespaceName = props.name;
    this.assertProps(props);
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
      new kplus.k8s.KubeNetworkPolicy(this, pascalCase(name), { metadata: metadata(name), spec });
    }
    claimNames(this);
  }

  private assertProps(props: SandboxNamespaceProps): void {
    const where = this.node.path;
    assertLabelName(props.name, `${where}: name`);
    for (const [key, value] of Object.entries(props.labels ?? {})) assertLabel(key, value, `${where}: labels`);
    const version = props.podSecurityVersion ?? 'latest';
    if (!/^(latest|v1\.\d{1,2})$/.test(version)) {
      throw new Error(`${where}: podSecurityVersion '${version}' is not a version. Write 'latest' or 'v1.36'`);
    }
    const minor = Number(version.split('.')[1] ?? Infinity);
    if (props.podSecurity === PodSecurityLevel.RESTRICTED && minor < 35) {
      throw new Error(
        `${where}: Restricted of ${version} rejects root in every pod, also in a user namespace. Use v1.35 or later, or BASELINE`,
      );
    }
    const { allowedEgressCidrs, dnsCidrs } = props.network ?? {};
    for (const [prop, cidrs] of Object.entries({ allowedEgressCidrs, dnsCidrs })) {
      for (const cidr of cidrs ?? []) assertCidr(cidr, `${where}: network.${prop}`);
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

function pascalCase(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
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
