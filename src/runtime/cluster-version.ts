/**
 * The first minor version in which a field works by default, and the gate that brings it earlier.
 *
 * @internal
 */
export interface ClusterFeature {
  readonly what: string;
  readonly since: number;
  readonly gate: string;
  /** The minor that knew the gate first. */
  readonly gateSince: number;
  /** Where the versions come from. */
  readonly source: string;
}

/**
 * Features of Kubernetes that system pods depend on.
 *
 * @internal
 */
export const ClusterFeatures = {
  userNamespaces: {
    what: 'hostUsers: false',
    since: 33,
    gate: 'UserNamespacesSupport',
    gateSince: 30,
    source: 'KEP-127',
  },
  restrictedAsRoot: {
    what: 'a uid-0 pod in a namespace that enforces Pod Security Restricted',
    since: 35,
    gate: 'UserNamespacesPodSecurityStandards',
    gateSince: 29,
    source: 'pod-security-admission policy/helpers.go, relaxPolicyForUserNamespacePod',
  },
  stopSignal: {
    what: 'lifecycle.stopSignal',
    since: Number.POSITIVE_INFINITY,
    gate: 'ContainerStopSignals',
    gateSince: 33,
    source: 'KEP-4960',
  },
} satisfies Record<string, ClusterFeature>;

/**
 * The version of a cluster, as far as it is known.
 *
 * @internal
 */
export class ClusterVersion {
  private readonly minor?: number;

  public constructor(
    private readonly text: string | undefined,
    private readonly featureGates: string[] = [],
  ) {
    if (text === undefined) return;
    const match = /^v?1\.(\d{1,2})(\.\d+)?([-+].*)?$/.exec(text);
    if (!match) {
      throw new Error(
        `clusterVersion '${text}' is not a valid Kubernetes version. Write it as '1.36' or 'v1.36.2+k3s1'`,
      );
    }
    this.minor = Number(match[1]);
  }

  /** True for a version that is known, and in which the feature needs its gate. */
  public isBefore(feature: ClusterFeature): boolean {
    return this.minor !== undefined && this.minor < feature.since;
  }

  /** Undefined when the cluster can do it, as far as is known; else the reason why it cannot. */
  public refusal(feature: ClusterFeature): string | undefined {
    const everByDefault = Number.isFinite(feature.since);
    const gateOn = this.featureGates.includes(feature.gate);
    const minor = this.minor ?? Math.max(feature.gateSince, everByDefault ? feature.since : 0);
    if (minor >= feature.since || (gateOn && minor >= feature.gateSince)) return undefined;
    const since = everByDefault ? `from Kubernetes 1.${feature.since} on` : 'in no release without a feature gate yet';
    const cluster = this.text === undefined ? '' : `, and the cluster is ${this.text}`;
    return (
      `${feature.what} works ${since}${cluster} (${feature.source}). Turn on the feature gate ${feature.gate} ` +
      `(known since 1.${feature.gateSince}) in the cluster and name it in the runtime's featureGates` +
      (everByDefault ? ', or upgrade the cluster' : '')
    );
  }
}
