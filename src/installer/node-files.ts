import { join } from 'path';
import { containerdFiles } from '../containerd/containerd-files';
import { ContainerdRuntime } from '../containerd/containerd-runtime';
import { crioDropIn } from '../containerd/crio';
import { programsIn } from '../core/programs';

/** Directory of the programs and files: host/ runs on the node, pod/ in the DaemonSet, files/ is installed. */
const NODE = join(__dirname, 'node');

/**
 * The node programs, file name to content. The keys of a ConfigMap hold no "/": host/engines/k3s.sh is engine-k3s.sh.
 *
 * @internal
 */
export function nodePrograms(): Record<string, string> {
  const engines = Object.entries(programsIn(join(NODE, 'host', 'engines')));
  return {
    ...programsIn(join(NODE, 'host')),
    ...Object.fromEntries(engines.map(([name, text]) => [`engine-${name}`, text])),
    ...programsIn(join(NODE, 'pod')),
  };
}

/** What the configuration files of a node say. @internal */
export interface NodeConfiguration {
  readonly runtime: ContainerdRuntime;
  readonly binaryDir: string;
  readonly managerArgs: string;
  readonly fsArgs: string;
}

/** The configuration, file name to content. @internal */
export function nodeConfiguration(configuration: NodeConfiguration): Record<string, string> {
  const files = Object.entries(programsIn(join(NODE, 'files'))).map(([name, text]) => [
    name,
    text
      .replaceAll('@BINARY_DIR@', configuration.binaryDir)
      .replaceAll(' @MGR_ARGS@', configuration.managerArgs && ` ${configuration.managerArgs}`)
      .replaceAll(' @FS_ARGS@', configuration.fsArgs && ` ${configuration.fsArgs}`),
  ]);
  return {
    ...containerdFiles(configuration.runtime),
    'drop-in-crio.toml': crioDropIn(configuration.runtime),
    ...Object.fromEntries(files),
  };
}
