import { specialDirectoryShared } from './catalog/special-directory-shared';
import { Violation } from './check-pod';
import { mapOf, textOf } from './json';
import { LocatedPod } from './located-pod';
import { SpecialClaim, specialClaimsOf } from './special-claims';

/**
 * Claims that two workloads mount at a special directory: a problem of the later one.
 *
 * @internal
 */
export function sharedClaims(pods: LocatedPod[]): Map<LocatedPod, Violation[]> {
  const owners = new Map<string, string>();
  const found = new Map<LocatedPod, Violation[]>();
  for (const pod of pods) {
    const { namespace, name } = mapOf(pod.object.metadata);
    const claims = specialClaimsOf(pod.facts).map((claim) => ({
      claim,
      part: `${textOf(namespace)}/${claim.part}`,
      owner: `${claim.path} of ${textOf(pod.object.kind)} '${textOf(name)}'`,
    }));
    const taken = claims.filter(({ part }) => owners.has(part));
    found.set(
      pod,
      taken.map(({ claim, part, owner }) => sharing(claim, owners.get(part) as string, owner)),
    );
    for (const { part, owner } of claims) owners.set(part, owner);
  }
  return found;
}

/**
 * The violation of a claim that has an owner already.
 *
 * @internal
 */
export function sharing(claim: SpecialClaim, owner: string, other: string): Violation {
  const what = `claim '${claim.claimName}' is both ${owner} and ${other}`;
  return { rule: specialDirectoryShared, problem: { at: claim.at, what } };
}
