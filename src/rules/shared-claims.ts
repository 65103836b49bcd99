import { mapOf, Path, textOf } from '../core/json';
import { specialDirectoryShared } from './catalog/special-directory-shared';
import { Violation } from './check-pod';
import { PodFacts } from './pod-facts';
import { PodTemplate } from './pod-template';
import { isSpecialDirectory } from './special-directories';

/**
 * A claim, or a part of one, that a pod mounts at a special directory.
 *
 * @internal
 */
export interface SpecialClaim {
  readonly claimName: string;
  /** Claim and sub-path. */
  readonly part: string;
  /** The special directory. */
  readonly path: string;
  readonly at: Path;
}

/**
 * Finds claims that two workloads mount at a special directory: a problem of the later one. An object that is there twice, as for
 * two clusters, is one workload.
 *
 * @internal
 */
export class SharedClaims {
  private readonly owners = new Map<string, { text: string; workload: string }>();

  /** The violations of the next pod. */
  public violationsOf({ object }: PodTemplate, facts: PodFacts): Violation[] {
    const claims = specialClaimsOf(facts);
    if (claims.length === 0) return [];
    const { namespace, name } = mapOf(object.metadata);
    // an object without a name is another one each time it is made
    const workload = name === undefined ? '' : `${textOf(object.kind)} ${textOf(namespace)}/${textOf(name)}`;
    const located = claims.map((claim) => ({
      claim,
      part: `${textOf(namespace)}/${claim.part}`,
      text: `${claim.path} of ${textOf(object.kind)} '${textOf(name)}'`,
    }));
    const violations = located.flatMap(({ claim, part, text }) => {
      const owner = this.owners.get(part);
      return owner && (workload === '' || owner.workload !== workload) ? [sharing(claim, owner.text, text)] : [];
    });
    for (const { part, text } of located) this.owners.set(part, { text, workload });
    return violations;
  }
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

/**
 * All claims that a pod mounts at special directories.
 *
 * @internal
 */
export function specialClaimsOf(pod: PodFacts): SpecialClaim[] {
  return pod.containers.flatMap((container) =>
    container.mounts
      .filter((mount) => isSpecialDirectory(mount.path))
      .flatMap((mount) => {
        const volume = pod.volumes.find((v) => v.name === mount.volume);
        const claimName = textOf(mapOf(volume?.json.persistentVolumeClaim).claimName);
        if (claimName === '') return [];
        return [{ claimName, part: `${claimName}/${mount.part}`, path: mount.path, at: mount.at }];
      }),
  );
}
