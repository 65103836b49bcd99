import { Path } from '../core/json';
import { ContainerFacts, MountFacts, PodFacts, VolumeFacts } from './pod-facts';
import { Problem } from './rule';

/**
 * Problems of all containers; a container without one gives undefined.
 *
 * @internal
 */
export function ofContainers(pod: PodFacts, find: (c: ContainerFacts) => Problem | undefined): Problem[] {
  return pod.containers.flatMap((container) => find(container) ?? []);
}

/** @internal */
export function ofMounts(pod: PodFacts, find: (m: MountFacts, c: ContainerFacts) => Problem | undefined): Problem[] {
  return pod.containers.flatMap((c) => c.mounts.flatMap((m) => find(m, c) ?? []));
}

/** @internal */
export function ofVolumes(pod: PodFacts, find: (v: VolumeFacts) => Problem | undefined): Problem[] {
  return pod.volumes.flatMap((volume) => find(volume) ?? []);
}

/**
 * A problem when the condition holds.
 *
 * @internal
 */
export function when(condition: boolean, at: Path, what: string): Problem | undefined {
  return condition ? { at, what } : undefined;
}
