/** The container engine of the nodes. */
export enum ContainerEngine {
  /** containerd 2.0.5 or later (K3s, RKE2, k0s, kubeadm). */
  CONTAINERD = 'containerd',

  /**
   * CRI-O. Pods say `hostUsers: false`, as with containerd; where `clusterVersion` is below 1.33, they carry the annotation
   * `io.kubernetes.cri-o.userns-mode` as well, which CRI-O acts on there.
   *
   * Source: sysbox docs/user-guide/install-k8s.md; cri-o#10341.
   */
  CRIO = 'cri-o',
}
