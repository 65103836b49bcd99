import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { PodFacts } from '../rules/pod-facts';
import { sharing, SpecialClaim, specialClaimsOf } from '../rules/shared-claims';
import { Violation } from '../rules/check-pod';

const registries = new WeakMap<IConstruct, ClaimRegistry>();
// in the order of their first entry: of two that share a claim, the later one is in the wrong
const ranks = new WeakMap<IConstruct, number>();
let entries = 0;

/**
 * Which workload of an app keeps an engine's data in which claim.
 *
 * @internal
 */
export class ClaimRegistry {
  /** Notes what a workload keeps where, and finds what another one of the app keeps there. */
  public static enter(workload: IConstruct, namespace: string | undefined, pod: PodFacts): Violation[] {
    const claims = pod.volumes.some((volume) => volume.json.persistentVolumeClaim);
    if (!claims && !ranks.has(workload)) return [];
    ranks.set(workload, ranks.get(workload) ?? entries++);
    const { root } = workload.node;
    const registry = registries.get(root) ?? new ClaimRegistry();
    registries.set(root, registry);
    return registry.enter(workload, namespace, pod);
  }

  private readonly claims = new Map<string, Map<IConstruct, SpecialClaim>>();
  private readonly partsOf = new Map<IConstruct, string[]>();

  private constructor() {}

  private enter(workload: IConstruct, namespace: string | undefined, pod: PodFacts): Violation[] {
    for (const part of this.partsOf.get(workload) ?? []) this.claims.get(part)?.delete(workload);
    this.partsOf.delete(workload);
    return specialClaimsOf(pod).flatMap((claim) => {
      const part = `${namespace}/${claim.part}`;
      const owners = this.claims.get(part) ?? new Map<IConstruct, SpecialClaim>();
      const earlier = [...owners].filter(
        ([owner]) => rankOf(owner) < rankOf(workload) && !areOneObject(owner, workload),
      );
      this.claims.set(part, owners.set(workload, claim));
      this.partsOf.set(workload, [...(this.partsOf.get(workload) ?? []), part]);
      return earlier.map(([owner, { path }]) =>
        sharing(claim, `${path} of ${owner.node.path}`, `${claim.path} of ${workload.node.path}`),
      );
    });
  }
}

function rankOf(workload: IConstruct): number {
  return ranks.get(workload) as number;
}

/** What one app makes twice under one name is for two clusters: two objects of one name cannot be in one. */
function areOneObject(one: IConstruct, other: IConstruct): boolean {
  const [a, b] = [ApiObject.of(one), ApiObject.of(other)];
  return a.kind === b.kind && a.name === b.name;
}
