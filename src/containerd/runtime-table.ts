import { inspect } from 'node:util';
import { absolutePath, flag, oneOf, shim, text, texts, wholeNumber } from './checks';
import type { ContainerdRuntimeProps } from './containerd-runtime';
import { check, entries, type Fields } from './fields';
import { handlerProblem } from './handler';
import { IoType } from './io-type';
import { type TomlTable, UNDECIDED } from '../core/toml';

// containerd: internal/cri/config/config.go, type Runtime.
const RUNTIME = {
  handler: { required: true, check: handlerProblem },
  runtimeType: { key: 'runtime_type', check: shim },
  runtimePath: { key: 'runtime_path', check: absolutePath },
  podAnnotations: { key: 'pod_annotations', check: texts },
  containerAnnotations: { key: 'container_annotations', check: texts },
  privilegedWithoutHostDevices: { key: 'privileged_without_host_devices', check: flag },
  privilegedWithoutHostDevicesAllDevicesAllowed: {
    key: 'privileged_without_host_devices_all_devices_allowed',
    check: flag,
  },
  cgroupWritable: { key: 'cgroup_writable', check: flag },
  baseRuntimeSpec: { key: 'base_runtime_spec', check: absolutePath },
  cniConfDir: { key: 'cni_conf_dir', check: absolutePath },
  cniMaxConfNum: { key: 'cni_max_conf_num', check: wholeNumber },
  snapshotter: { key: 'snapshotter', check: text },
  sandboxer: { key: 'sandboxer', check: text },
  ioType: { key: 'io_type', check: oneOf(Object.values(IoType)) },
};

// containerd: api/types/runc/options/oci.proto, the options of io.containerd.runc.v2.
const OPTIONS = {
  binaryName: { key: 'BinaryName', required: true, check: absolutePath },
  systemdCgroup: { key: 'SystemdCgroup', check: flag },
  root: { key: 'Root', check: absolutePath },
  noPivotRoot: { key: 'NoPivotRoot', check: flag },
  noNewKeyring: { key: 'NoNewKeyring', check: flag },
  shimCgroup: { key: 'ShimCgroup', check: absolutePath },
  ioUid: { key: 'IoUid', check: wholeNumber },
  ioGid: { key: 'IoGid', check: wholeNumber },
  criuImagePath: { key: 'CriuImagePath', check: absolutePath },
  criuWorkPath: { key: 'CriuWorkPath', check: absolutePath },
};

const FIELDS: Fields<keyof ContainerdRuntimeProps> = { ...RUNTIME, ...OPTIONS };

/** The runtime's table, as containerd reads it. */
export function runtimeTable(props: ContainerdRuntimeProps): TomlTable {
  const subject = `containerd runtime ${inspect(props.handler)}`;
  check(subject, FIELDS, props);
  if (props.privilegedWithoutHostDevicesAllDevicesAllowed && !props.privilegedWithoutHostDevices) {
    throw new Error(
      `${subject}: privilegedWithoutHostDevicesAllDevicesAllowed needs privilegedWithoutHostDevices: set that to true too`,
    );
  }
  const runtimeType = props.runtimeType ?? 'io.containerd.runc.v2';
  const systemdCgroup = props.systemdCgroup ?? UNDECIDED;
  return { ...entries(RUNTIME, { ...props, runtimeType }), options: entries(OPTIONS, { ...props, systemdCgroup }) };
}
