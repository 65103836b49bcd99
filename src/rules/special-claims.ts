import { mapOf, Path, textOf } from '../core/json';
import { PodFacts } from './pod-facts';
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
