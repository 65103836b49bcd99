import { Path } from '../core/json';
import { PodFacts } from './pod-facts';

/** Followed by the name of a container. Kubernetes 1.30 has fields instead, and still reads the annotations. */
const PREFIX = 'container.apparmor.security.beta.kubernetes.io/';

/**
 * The AppArmor profiles that the annotations of a pod give to its containers. The path is from the pod spec.
 *
 * @internal
 */
export function appArmorAnnotations(pod: PodFacts): { container: string; profile: string; at: Path }[] {
  return Object.entries(pod.annotations)
    .filter(([key, value]) => key.startsWith(PREFIX) && typeof value === 'string')
    .map(([key, profile]) => ({
      container: key.slice(PREFIX.length),
      profile,
      at: ['..', 'metadata', 'annotations', key],
    }));
}

/**
 * CEL: no annotation gives a container an AppArmor profile that begins so.
 *
 * @internal
 */
export function celNoAppArmorAnnotation(profile: string): string {
  return (
    'variables.metadata.?annotations.orValue({}).all(k, ' +
    `!(k.startsWith('${PREFIX}') && variables.metadata.annotations[k].startsWith('${profile}')))`
  );
}
