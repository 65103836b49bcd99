import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { addProgramFiles } from '../core/program-files';
import { programText } from '../core/programs';

/**
 * Where the engine's program and its daemon.json lie in the container; engine.sh names the same.
 *
 * @internal
 */
export const ENGINE_DIRECTORY = '/opt/cdk8s-sysbox/docker';

/** @internal */
export const ENGINE_PROGRAM = `${ENGINE_DIRECTORY}/engine.sh`;

/**
 * A volume with engine.sh and what else is given. The ConfigMap is named by its content, so that pods are replaced when
 * it changes: an engine reads its configuration only when it starts.
 *
 * @internal
 */
export function engineFiles(scope: Construct, data: Record<string, string>): kplus.Volume {
  const files = { 'engine.sh': programText(__dirname, 'engine.sh'), ...data };
  return kplus.Volume.fromConfigMap(scope, 'Files', addProgramFiles(scope, 'Files', files), { name: 'docker-files' });
}
