import { specialDirectoryShared } from './catalog/special-directory-shared';
import { Violation } from './check-pod';
import { mapOf, textOf } from '../core/json';
import { LocatedPod } from './located-pod';
import { SpecialClaim, specialClaimsOf } from './special-claims';

/**
 * Claims that two workloads mount at a special directory: a problem of the later one. An object that is there twice, as for
 * two clusters, is one workload.
 *
 * @internal
 */
export function sharedClaims(pods: LocatedPod[]): Map<LocatedPod, Violation[]> {
  const owners = new Map<string, { text: string; workload: string }>();
  const found = new Map<LocatedPod, Violation[]>();
  for (const pod of pods) {
    const { namespace, name } = mapOf(pod.object.metadata);
    // an object without a name is another one each time it is made
    const workload = name === undefined ? '' : `${textOf(pod.object.kind)} ${textOf(namespace)}/${textOf(name)}`;
    const claims = specialClaimsOf(pod.facts).map((claim) => ({
      claim,
      part: `${textOf(namespace)}/${claim.part}`,
      text: `${claim.path} of ${textOf(pod.object.kind)} '${textOf(name)}'`,
    }));
    found.set(
      pod,
      claims.flatMap(({ claim, part, text }) => {
        const owner = owners.get(part);
        return owner && (workload === '' || owner.workload !== workload) ? [sharing(claim, owner.text, text)] : [];
      }),
    );
    for (const { part, text } of claims) owners.set(part, { text, workload });
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
