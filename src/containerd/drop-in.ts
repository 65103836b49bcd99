import type { ConfigVersion } from './config-version';
import { inCriPlugin } from './cri-plugin';
import { render, type TomlTable } from '../core/toml';

/** A file that containerd's `imports` merges into its configuration. */
export function dropIn(version: ConfigVersion, handler: string, runtime: TomlTable): string {
  return render(
    { version, ...inCriPlugin(version, handler, runtime) },
    { before: `# Written by cdk8s-sysbox: the containerd runtime ${handler}. Changes made here are lost.\n` },
  );
}
