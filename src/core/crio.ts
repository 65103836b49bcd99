import { DEFAULT_IDS_PER_POD } from './ids-per-pod';

/**
 * Asks CRI-O for a user namespace, before Kubernetes 1.33.
 *
 * Source: sysbox docs/user-guide/install-k8s.md.
 *
 * @internal
 */
export const CRIO_USERNS_ANNOTATION = 'io.kubernetes.cri-o.userns-mode';

/**
 * A namespace of so many ids; Sysbox needs at least the default.
 *
 * @internal
 */
export function crioUsernsMode(ids: number = DEFAULT_IDS_PER_POD): string {
  return `auto:size=${ids}`;
}
