import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { addProgramFiles } from '../core/program-files';
import { unitWord } from '../core/unit-word';
import { ISystemWorkload } from '../workloads/system-workload';
import { asClient, credentialsClient, credentialsVolume } from './client';
import { daemonJson } from './daemon-json';
import { ENGINE_DIRECTORY, engineCommand, engineFiles, engineVolume } from './engine-files';
import { DockerServiceOptions } from './engine-options';
import { assertEngine, withSocketGroup } from './engine-pod';
import { mountEngineStorage } from './engine-storage';

const DROP_IN = '50-cdk8s-sysbox.conf';

/**
 * The engine of a systemd machine: its image's docker.service, with our daemon.json written before each start. The unit
 * itself says where the engine listens.
 *
 * @internal
 */
export function equipDockerService(
  workload: ISystemWorkload,
  container: kplus.Container,
  options: DockerServiceOptions,
): void {
  assertEngine(workload, options);
  const scope = new Construct(workload, 'Docker');
  const group = options.socketGroup?.toString();
  const files = engineFiles({
    'daemon.json': daemonJson(options.daemon ?? {}, { group }, workload.node.path),
  });
  container.mount(ENGINE_DIRECTORY, engineVolume(scope, files), { readOnly: true });
  container.mount(`/etc/systemd/system/docker.service.d/${DROP_IN}`, dropIn(scope, files), {
    subPath: DROP_IN,
    readOnly: true,
  });
  mountEngineStorage(scope, workload, container, options, true);
  const credentials = options.registryCredentials && credentialsVolume(scope, options.registryCredentials);
  if (credentials) workload.addVolume(credentials);
  workload.system._change((spec) => {
    const equip = (c: { name: string }) =>
      c.name === container.name ? asClient(c, credentialsClient(credentials)) : c;
    return withSocketGroup({ ...spec, containers: spec.containers.map(equip) }, options.socketGroup);
  });
}

/** Apart from the files that it checks, as it has their hash. */
function dropIn(scope: Construct, files: Record<string, string>): kplus.Volume {
  const configure = [...engineCommand(files), 'configure'].map(unitWord).join(' ');
  const configMap = addProgramFiles(scope, 'Unit', { [DROP_IN]: `[Service]\nExecStartPre=/bin/${configure}\n` });
  return kplus.Volume.fromConfigMap(scope, 'Unit', configMap, { name: 'docker-unit' });
}
