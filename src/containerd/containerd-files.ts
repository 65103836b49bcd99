import { render, type TomlTable, UNDECIDED } from '../core/toml';
import { ContainerdRuntime } from './containerd-runtime';

/** Where a configuration of that version holds the runtimes: containerd, docs/cri/config.md. */
const PLUGIN = { 2: 'io.containerd.grpc.v1.cri', 3: 'io.containerd.cri.v1.runtime' };

/** K3s fills this field in: pkg/agent/templates/templates.go, type ContainerdConfig. */
const K3S_CGROUP = '{{ .SystemdCgroup }}';

/**
 * The files that add a runtime to containerd's configuration, by file name: a template for K3s and RKE2, drop-ins, and the
 * lines that a person adds to a template of their own. The installer picks one on the node.
 *
 * A drop-in has `UNDECIDED` in place of the cgroup driver, which must be as runc has it on the node: otherwise pods end up
 * outside the kubelet's cgroups and their limits do not hold, while the node looks healthy (measured on K3s 1.36.2).
 *
 * @internal
 */
export function containerdFiles(runtime: ContainerdRuntime): Record<string, string> {
  return {
    'config-v3.toml.tmpl': k3sTemplate(runtime),
    'drop-in-v2.toml': dropIn(2, runtime),
    'drop-in-v3.toml': dropIn(3, runtime),
    'manual-lines-v2.toml': manualLines(2, runtime),
    'manual-lines-v3.toml': manualLines(3, runtime),
  };
}

function k3sTemplate(runtime: ContainerdRuntime): string {
  // A handler that K3s does not know has the zero value, an empty RuntimeType; the struct itself would count as true.
  const known = `(index .ExtraRuntimes "${runtime.handler}").RuntimeType`;
  return render(tables(3, runtime), {
    before: `{{ template "base" . }}\n\n${header(runtime)}{{ if not ${known} }}\n`,
    after: '{{ end }}\n',
    undecided: K3S_CGROUP,
  });
}

function dropIn(version: 2 | 3, runtime: ContainerdRuntime): string {
  return render({ version, ...tables(version, runtime) }, { before: header(runtime) });
}

function manualLines(version: 2 | 3, runtime: ContainerdRuntime): string {
  return render(tables(version, runtime), { before: '', undecided: K3S_CGROUP });
}

function header({ handler }: ContainerdRuntime): string {
  return `# Written by cdk8s-sysbox: the containerd runtime ${handler}. Changes made here are lost.\n`;
}

function tables(version: 2 | 3, { handler, binaryPath }: ContainerdRuntime): TomlTable {
  const runtime = {
    runtime_type: 'io.containerd.runc.v2',
    options: { BinaryName: binaryPath, SystemdCgroup: UNDECIDED },
  };
  return { plugins: { [PLUGIN[version]]: { containerd: { runtimes: { [handler]: runtime } } } } };
}
