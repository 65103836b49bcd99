import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { addProgramFiles } from '../core/program-files';

/** @internal */
export const MACHINE_DIRECTORY = '/opt/cdk8s-sysbox/systemd';

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
