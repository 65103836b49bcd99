import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { addProgramFiles, checkedCommand } from '../core/program-files';
import { programText } from '../core/programs';

/**
 * Where the engine's program and its daemon.json lie in the container; engine.sh names the same.
 *
 * @internal
 */
export const ENGINE_DIRECTORY = '/opt/cdk8s-sysbox/docker';

const PROGRAM = 'engine.sh';

/** @internal */
export const ENGINE_PROGRAM = `${ENGINE_DIRECTORY}/${PROGRAM}`;

/**
 * All files of the engine's directory: engine.sh and what else is given.
 *
 * @internal
 */
export function engineFiles(data: Record<string, string>): Record<string, string> {
  return { [PROGRAM]: programText(__dirname, PROGRAM), ...data };
}

/**
 * The command of the engine's container: it checks the files before it runs engine.sh.
 *
 * @internal
 */
export function engineCommand(files: Record<string, string>): string[] {
  return checkedCommand(ENGINE_DIRECTORY, files, PROGRAM);
}

/**
 * A volume with the files. The ConfigMap is named by its content, so that pods are replaced when it changes: an engine reads
 * its configuration only when it starts.
 *
 * @internal
 */
export function engineVolume(scope: Construct, files: Record<string, string>): kplus.Volume {
  return kplus.Volume.fromConfigMap(scope, 'Files', addProgramFiles(scope, 'Files', files), { name: 'docker-files' });
}
