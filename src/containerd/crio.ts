import { CRIO_USERNS_ANNOTATION } from '../core/crio';
import { absolutePath, flag, texts } from './checks';
import type { ContainerdRuntimeProps, CrioDropInProps } from './containerd-runtime';
import { check, entries, type Fields } from './fields';
import { handlerProblem } from './handler';
import { render } from '../core/toml';

// crio.conf(5), table crio.runtime.runtimes. The cgroup manager has no key there: CRI-O sets it for all runtimes at once.
const FIELDS: Fields = {
  handler: { check: handlerProblem },
  systemdCgroup: { check: flag },
  binaryName: { key: 'runtime_path', check: absolutePath },
  root: { key: 'runtime_root', check: absolutePath },
  monitorPath: { key: 'monitor_path', check: absolutePath },
  privilegedWithoutHostDevices: { key: 'privileged_without_host_devices', check: flag },
  allowedAnnotations: { key: 'allowed_annotations', check: texts },
};

/** A file for `/etc/crio/crio.conf.d`. */
export function crioDropIn(runtime: ContainerdRuntimeProps, props: CrioDropInProps): string {
  const { handler } = runtime;
  const options = {
    ...runtime,
    ...props,
    allowedAnnotations: props.allowedAnnotations ?? [CRIO_USERNS_ANNOTATION],
  };
  check(`CRI-O runtime "${handler}"`, FIELDS, options);
  const table = { runtime_type: 'oci', ...entries(FIELDS, options) };
  return render(
    { crio: { runtime: { runtimes: { [handler]: table } } } },
    { before: `# Written by cdk8s-sysbox: the CRI-O runtime ${handler}. Changes made here are lost.\n` },
  );
}
