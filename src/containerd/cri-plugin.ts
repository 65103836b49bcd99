import { ConfigVersion } from './config-version';
import type { TomlTable } from '../core/toml';

const PLUGIN = {
  [ConfigVersion.V2]: 'io.containerd.grpc.v1.cri',
  [ConfigVersion.V3]: 'io.containerd.cri.v1.runtime',
};

/** The runtime's table at its place in a configuration of that version. */
export function inCriPlugin(version: ConfigVersion, handler: string, runtime: TomlTable): TomlTable {
  return { plugins: { [PLUGIN[version]]: { containerd: { runtimes: { [handler]: runtime } } } } };
}
