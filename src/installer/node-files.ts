import { createHash } from 'crypto';
import { existsSync, readFileSync } from 'fs';
import { join } from 'path';
import { ConfigVersion, ContainerdRuntime } from '../containerd';

/** What runs on the host; the coordinator copies all of it there. */
const HOST_PROGRAMS = [
  'containerd.sh',
  'daemons.sh',
  'durable.sh',
  'guard.sh',
  'host.sh',
  'journal.sh',
  'node.sh',
  'packages.sh',
  'paths.sh',
  'preflight.sh',
  'restart.sh',
  'stage.sh',
  'uninstall.sh',
  'verify.sh',
];

/** What runs in the pod. */
const POD_PROGRAMS = ['api.sh', 'coordinator.sh', 'drain.sh', 'report.sh', 'slots.jq', 'slots.sh'];

const UNITS = ['sysbox.service', 'sysbox-fs.service', 'sysbox-mgr.service'];
const SYSTEM_FILES = ['modules.conf', 'sysctl.conf'];

/** The node programs, file name to content. @internal */
export function nodePrograms(): Record<string, string> {
  return Object.fromEntries([...HOST_PROGRAMS, ...POD_PROGRAMS].sort().map((name) => [name, nodeFile(name)]));
}

/** What the configuration files of a node say. @internal */
export interface NodeConfiguration {
  readonly runtime: ContainerdRuntime;
  readonly binaryDir: string;
  readonly managerArgs: string;
  readonly fsArgs: string;
  readonly settings: Record<string, string>;
}

/** The configuration, file name to content. @internal */
export function nodeConfiguration(configuration: NodeConfiguration): Record<string, string> {
  const { runtime } = configuration;
  const units = UNITS.map((name) => [
    name,
    nodeFile(name)
      .replaceAll('@BINARY_DIR@', configuration.binaryDir)
      .replaceAll(' @MGR_ARGS@', configuration.managerArgs && ` ${configuration.managerArgs}`)
      .replaceAll(' @FS_ARGS@', configuration.fsArgs && ` ${configuration.fsArgs}`),
  ]);
  return {
    'config-v3.toml.tmpl': runtime.k3sTemplate(),
    'drop-in-v2.toml': runtime.dropIn(ConfigVersion.V2),
    'drop-in-v3.toml': runtime.dropIn(ConfigVersion.V3),
    'manual-lines-v2.toml': runtime.manualLines(ConfigVersion.V2),
    'manual-lines-v3.toml': runtime.manualLines(ConfigVersion.V3),
    'settings.env': Object.entries(configuration.settings)
      .map(([key, value]) => `${key}=${shellQuoted(value)}\n`)
      .join(''),
    ...Object.fromEntries(SYSTEM_FILES.map((name) => [name, nodeFile(name)])),
    ...Object.fromEntries(units),
  };
}

/** A short name for content: the same content gives the same name on every machine. @internal */
export function contentHash(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 10);
}

function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

function nodeFile(name: string): string {
  return readFileSync(join(nodeFolder(), name), 'utf8');
}

/** Beside this file in the sources; compiled, this file lies in lib/src/installer and the programs stay in src/installer. */
function nodeFolder(): string {
  const beside = join(__dirname, 'node');
  return existsSync(beside) ? beside : join(__dirname, '..', '..', '..', 'src', 'installer', 'node');
}
