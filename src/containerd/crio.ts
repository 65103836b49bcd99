import { CRIO_USERNS_ANNOTATION } from '../core/crio';
import { render } from '../core/toml';
import { ContainerdRuntime } from './containerd-runtime';

/**
 * A file for `/etc/crio/crio.conf.d` (crio.conf(5), table crio.runtime.runtimes). The cgroup manager has no key there: CRI-O
 * has one for all runtimes; nor has conmon, which a start of CRI-O fills in. Sysbox's own installer allows the annotation, which
 * CRI-O before Kubernetes 1.33 acts on.
 *
 * @internal
 */
export function crioDropIn({ handler, binaryPath }: ContainerdRuntime): string {
  const table = {
    runtime_type: 'oci',
    runtime_path: binaryPath,
    runtime_root: '/run/sysbox-runc',
    allowed_annotations: [CRIO_USERNS_ANNOTATION],
  };
  return render(
    { crio: { runtime: { runtimes: { [handler]: table } } } },
    { before: `# Written by cdk8s-sysbox: the CRI-O runtime ${handler}. Changes made here are lost.\n` },
  );
}
