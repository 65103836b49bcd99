/** The container engine of the nodes. It decides how a pod asks for a user namespace. */
export enum ContainerEngine {
  /** containerd 2.0.5 or later (K3s, RKE2): the pod says `hostUsers: false`. */
  CONTAINERD = 'containerd',

  /**
   * CRI-O: the pod carries the annotation `io.kubernetes.cri-o.userns-mode` instead of `hostUsers`.
   *
   * Source: sysbox docs/user-guide/install-k8s.md.
   */
  CRIO = 'cri-o',
}
