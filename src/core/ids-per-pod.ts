/**
 * Ids in the user namespace of a pod.
 *
 * Source: kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go, UserNamespaces.IDsPerPod.
 *
 * @internal
 */
export const DEFAULT_IDS_PER_POD = 65536;

/**
 * Source: kubernetes pkg/kubelet/apis/config/validation (a multiple of 65536, below 2^32).
 *
 * @internal
 */
export function assertIdsPerPod(ids: number, what: string): void {
  if (Number.isInteger(ids) && ids > 0 && ids < 2 ** 32 && ids % DEFAULT_IDS_PER_POD === 0) return;
  throw new Error(`${what} is ${ids}. Give the kubelet's userNamespaces.idsPerPod, a multiple of 65536 such as 131072`);
}
