/**
 * Namespace of the pods with which the installer verifies a node. The pods of no other workload belong there.
 *
 * @internal
 */
export const VERIFICATION_NAMESPACE = 'sysbox-verification';

/**
 * The RuntimeClass of those pods: the same handler, and no scheduling. The API server merges a class' nodeSelector into every
 * pod, also into one with `nodeName` (kubernetes plugin/pkg/admission/runtimeclass/admission.go, setScheduling), and the kubelet then
 * rejects it on a node without the label (pkg/kubelet/lifecycle/predicate.go): under the first class, no pod could verify a new node.
 *
 * @internal
 */
export function verificationClassOf(runtimeClassName: string): string {
  return `${runtimeClassName}-verification`;
}
