import { parse } from '@iarna/toml';
import { type ContainerdRuntimeProps, IoType } from '../../src/containerd';

/** Every option with a value that differs from its default: a new option that is missing here does not compile. */
export const EVERY_OPTION: Required<ContainerdRuntimeProps> = {
  handler: 'sysbox-runc',
  binaryName: '/usr/bin/sysbox-runc',
  systemdCgroup: true,
  runtimeType: 'io.containerd.other.v2',
  runtimePath: '/usr/bin/containerd-shim-other-v2',
  podAnnotations: ['io.sysbox.*', 'example.org/"quoted"'],
  containerAnnotations: ['cdi.k8s.io/*'],
  privilegedWithoutHostDevices: true,
  privilegedWithoutHostDevicesAllDevicesAllowed: true,
  cgroupWritable: true,
  baseRuntimeSpec: '/etc/containerd/base spec.json',
  cniConfDir: '/etc/cni/sysbox.d',
  cniMaxConfNum: 12345,
  snapshotter: 'native',
  sandboxer: 'shim',
  ioType: IoType.STREAMING,
  root: '/run/sysbox-runc',
  noPivotRoot: true,
  noNewKeyring: true,
  shimCgroup: '/shims',
  ioUid: 4294967295,
  ioGid: 1000,
  criuImagePath: '/var/lib/criu/images',
  criuWorkPath: '/var/lib/criu/work',
};

/** The same, as containerd's configuration has it. */
export const EVERY_KEY = {
  runtime_type: 'io.containerd.other.v2',
  runtime_path: '/usr/bin/containerd-shim-other-v2',
  pod_annotations: ['io.sysbox.*', 'example.org/"quoted"'],
  container_annotations: ['cdi.k8s.io/*'],
  privileged_without_host_devices: true,
  privileged_without_host_devices_all_devices_allowed: true,
  cgroup_writable: true,
  base_runtime_spec: '/etc/containerd/base spec.json',
  cni_conf_dir: '/etc/cni/sysbox.d',
  cni_max_conf_num: 12345,
  snapshotter: 'native',
  sandboxer: 'shim',
  io_type: 'streaming',
  options: {
    BinaryName: '/usr/bin/sysbox-runc',
    SystemdCgroup: true,
    Root: '/run/sysbox-runc',
    NoPivotRoot: true,
    NoNewKeyring: true,
    ShimCgroup: '/shims',
    IoUid: 4294967295,
    IoGid: 1000,
    CriuImagePath: '/var/lib/criu/images',
    CriuWorkPath: '/var/lib/criu/work',
  },
};

/** The table of a runtime in a configuration of version 3 or newer. */
export function runtimeIn(configuration: string, handler: string): Record<string, unknown> {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const { plugins } = parse(configuration) as Record<string, any>;
  return plugins['io.containerd.cri.v1.runtime'].containerd.runtimes[handler];
}
