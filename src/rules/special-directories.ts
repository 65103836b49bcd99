/**
 * Directories for which Sysbox mounts storage of the node when the pod mounts none.
 *
 * Source: sysbox-runc libsysbox/syscont/spec.go, getSpecialDirs.
 *
 * @internal
 */
export const SPECIAL_DIRECTORIES = {
  docker: '/var/lib/docker',
  containerd: '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs',
  kubelet: '/var/lib/kubelet',
  k3s: '/var/lib/rancher/k3s',
  rke2: '/var/lib/rancher/rke2',
  k0s: '/var/lib/k0s',
  buildkit: '/var/lib/buildkit',
};

const PATHS = new Set<string>(Object.values(SPECIAL_DIRECTORIES));

/** @internal */
export function isSpecialDirectory(path: string): boolean {
  return PATHS.has(path);
}
