import { assertLabel } from '../core/names';

/**
 * Labels below kubernetes.io and k8s.io that a kubelet may set for its own node. It exits when it is given any other.
 *
 * Source: Kubernetes pkg/kubelet/apis/well_known_labels.go and cmd/kubelet/app/options/options.go (ValidateKubeletFlags); what
 * it looks like for K3s: k3s#10916.
 */
const ALLOWED_KEYS = [
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
];
const ALLOWED_NAMESPACES = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

/**
 * Refuses labels that are malformed, or that the kubelet refuses to set.
 *
 * @internal
 */
export function assertNodeLabels(labels: Record<string, string>, where: string): void {
  for (const [key, value] of Object.entries(labels)) {
    assertLabel(key, value, `${where}: nodeLabels`);
    if (isAllowed(key)) continue;
    throw new Error(
      `${where}: nodeLabels has '${key}', which a kubelet may not set for itself: K3s exits at each start. Use a label with ` +
        `another prefix, or set this one through the API: kubectl label node <node> ${key}=${value}`,
    );
  }
}

function isAllowed(key: string): boolean {
  const namespace = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
  const ofKubernetes = ['kubernetes.io', 'k8s.io'].some((it) => namespace === it || namespace.endsWith(`.${it}`));
  if (!ofKubernetes || ALLOWED_KEYS.includes(key)) return true;
  return ALLOWED_NAMESPACES.some((it) => namespace === it || namespace.endsWith(`.${it}`));
}
