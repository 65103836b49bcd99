import { IConstruct } from 'constructs';
import { PodFacts } from '../rules/pod-facts';
import { sharing } from '../rules/shared-claims';
import { SpecialClaim, specialClaimsOf } from '../rules/special-claims';
import { Violation } from '../rules/check-pod';

const registries = new WeakMap<IConstruct, ClaimRegistry>();

/**
 * Which workload of an app keeps an engine's data in which claim.
 *
 * @internal
 */
export class ClaimRegistry {
  /** The registry of the app that a construct is in. */
  public static of(construct: IConstruct): ClaimRegistry {
    const { root } = construct.node;
    const registry = registries.get(root) ?? new ClaimRegistry();
    registries.set(root, registry);
    return registry;
  }

  private readonly claims = new Map<string, Map<IConstruct, SpecialClaim>>();
  private readonly partsOf = new Map<IConstruct, string[]>();

  private constructor() {}

  /** Notes what a workload keeps where, and finds what another one keeps there. */
  public enter(workload: IConstruct, namespace: string | undefined, pod: PodFacts): Violation[] {
    for (const part of this.partsOf.get(workload) ?? []) this.claims.get(part)?.delete(workload);
    this.partsOf.delete(workload);
    return specialClaimsOf(pod).flatMap((claim) => {
      const part = `${namespace}/${claim.part}`;
      const owners = this.claims.get(part) ?? new Map<IConstruct, SpecialClaim>();
      const others = [...owners].filter(([owner]) => owner !== workload);
      this.claims.set(part, owners.set(workload, claim));
      this.partsOf.set(workload, [...(this.partsOf.get(workload) ?? []), part]);
      return others.map(([owner, { path }]) =>
        sharing(claim, `${path} of ${owner.node.path}`, `${claim.path} of ${workload.node.path}`),
      );
    });
  }
}
