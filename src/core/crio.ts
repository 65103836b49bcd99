/**
 * Asks CRI-O for a user namespace, before Kubernetes 1.33.
 *
 * Source: sysbox docs/user-guide/install-k8s.md.
 *
 * @internal
 */
export const CRIO_USERNS_ANNOTATION = 'io.kubernetes.cri-o.userns-mode';

/**
 * The size that Sysbox needs.
 *
 * @internal
 */
export const CRIO_USERNS_MODE = 'auto:size=65536';
