import { ConfigVersion } from './config-version';
import { inCriPlugin } from './cri-plugin';
import { render, type TomlTable } from '../core/toml';

// K3s fills these fields in: pkg/agent/templates/templates.go, type ContainerdConfig.
const UNDECIDED = '{{ .SystemdCgroup }}';

/** `config-v3.toml.tmpl`: K3s's own configuration and after it the runtime, unless K3s has defined it already. */
export function k3sTemplate(handler: string, runtime: TomlTable): string {
  // A handler that K3s does not know has the zero value, an empty RuntimeType; the struct itself would count as true.
  const known = `(index .ExtraRuntimes "${handler}").RuntimeType`;
  return render(inCriPlugin(ConfigVersion.V3, handler, runtime), {
    before:
      '{{ template "base" . }}\n\n' +
      `# Written by cdk8s-sysbox: the containerd runtime ${handler}. Changes made here are lost.\n` +
      `{{ if not ${known} }}\n`,
    after: '{{ end }}\n',
    undecided: UNDECIDED,
  });
}

/** The same lines for a template that somebody else wrote. */
export function templateLines(version: ConfigVersion, handler: string, runtime: TomlTable): string {
  return render(inCriPlugin(version, handler, runtime), { before: '', undecided: UNDECIDED });
}
