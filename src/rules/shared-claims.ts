import { Violation } from './check-pod';
import { mapOf, textOf } from './json';
import { LocatedPod } from './located-pod';
import { specialDirectoryShared } from './catalog/special-directory-shared';
import { isSpecialDirectory } from './special-directories';

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
    const own: [string, string][] = [];
    for (const container of pod.facts.containers) {
      for (const mount of container.mounts.filter((m) => isSpecialDirectory(m.path))) {
        const volume = pod.facts.volumes.find((v) => v.name === mount.volume);
        const { claimName } = mapOf(volume?.json.persistentVolumeClaim);
        if (claimName === undefined) continue;
        const part = `${textOf(namespace)}/${textOf(claimName)}/${mount.part}`;
        const owner = owners.get(part);
        own.push([part, `${mount.path} of ${textOf(pod.object.kind)} '${textOf(name)}'`]);
        if (owner === undefined) continue;
        const what = `claim '${textOf(claimName)}' is both ${owner} and ${mount.path} of ${textOf(pod.object.kind)} '${textOf(name)}'`;
        found.set(pod, [...(found.get(pod) ?? []), { rule: specialDirectoryShared, problem: { at: mount.at, what } }]);
      }
    }
    for (const [part, owner] of own) owners.set(part, owner);
  }
  return found;
}
