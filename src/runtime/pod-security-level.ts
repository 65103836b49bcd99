/** How strictly a system pod follows the Pod Security Standards. */
export enum PodSecurityLevel {
  /**
   * Nothing that Baseline forbids. Every system pod is at least that: no privileged container, no host namespace, no
   * hostPath, no host port.
   */
  BASELINE = 'baseline',

  /**
   * Also what Restricted demands: `allowPrivilegeEscalation: false`, all capabilities dropped, seccomp RuntimeDefault.
   * A system container keeps uid 0 and, since Sysbox grants capabilities by itself, all its capabilities; what it loses
   * is setuid: sudo, su, ping and newuidmap gain no rights inside. Of the system calls that mount, only mount(2) works:
   * `mount` of util-linux 2.39 or later (Debian 13, Ubuntu 24.04) fails with "permission denied", busybox's does not.
   *
   * Needs Kubernetes 1.35 or later for a uid-0 pod (it was tried on 1.36).
   */
  RESTRICTED = 'restricted',
}
