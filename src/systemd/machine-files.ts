import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { addProgramFiles, checkedCommand } from '../core/program-files';

/** @internal */
export const MACHINE_DIRECTORY = '/opt/cdk8s-sysbox/systemd';

/**
 * The command that runs a program of the machine after it has checked all files of its directory. PID 1 must be /sbin/init
 * itself and checks nothing, so that what runs before it and the readiness probe do.
 *
 * @internal
 */
export function machineCommand(files: Record<string, string>, program: string, ...args: string[]): string[] {
  return checkedCommand(MACHINE_DIRECTORY, files, program, ...args);
}

/**
 * A volume with these files. The ConfigMap is named by its content: systemd reads such files only when it starts.
 *
 * @internal
 */
export function machineFiles(scope: Construct, id: string, name: string, data: Record<string, string>): kplus.Volume {
  const configMap = addProgramFiles(scope, id, data);
  // systemd warns of configuration files that are executable, and does not run generators that are not
  const items = Object.keys(data).map((file) => [file, { path: file, mode: file.endsWith('.sh') ? 0o755 : 0o644 }]);
  return kplus.Volume.fromConfigMap(scope, id, configMap, { name, items: Object.fromEntries(items) });
}
