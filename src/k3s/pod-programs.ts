import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct, IConstruct } from 'constructs';
import { join } from 'path';
import { shortHash } from '../core/content-hash';
import { programsIn } from '../core/programs';

/** Where the programs are in a pod. @internal */
export const PROGRAMS_PATH = '/opt/cdk8s-sysbox/k3s';

/** What a program needs that only talks to an API server. @internal */
export const CLIENT_RESOURCES: kplus.ContainerResources = {
  cpu: { request: kplus.Cpu.millis(10) },
  memory: { request: Size.mebibytes(64), limit: Size.mebibytes(256) },
};

/** The command that runs a program. @internal */
export function programCommand(name: string): string[] {
  return ['sh', `${PROGRAMS_PATH}/${name}`];
}

/**
 * A ConfigMap with the programs that run inside the pods. Its name changes with their content, so that pods are renewed
 * together with them.
 *
 * @internal
 */
export function programsConfigMap(scope: Construct, name?: string): kplus.ConfigMap {
  const data = programs();
  return new kplus.ConfigMap(scope, programsId(data), {
    metadata: name === undefined ? undefined : { name: `${name}-programs-${shortHash(data)}` },
    data,
  });
}

/**
 * The programs of the nearest scope that has them, else a ConfigMap of the workload's own.
 *
 * @internal
 */
export function programsVolume(workload: IConstruct): kplus.Volume {
  const id = programsId(programs());
  const shared = workload.node.scopes.map((scope) => scope.node.tryFindChild(id)).find((child) => child !== undefined);
  const configMap = (shared as kplus.ConfigMap | undefined) ?? programsConfigMap(workload as Construct);
  return kplus.Volume.fromConfigMap(workload as Construct, 'K3sProgramsVolume', configMap, {
    name: 'k3s-programs',
    defaultMode: 0o555,
  });
}

function programs(): Record<string, string> {
  return programsIn(join(__dirname, 'pod'));
}

function programsId(data: Record<string, string>): string {
  return `K3sPrograms-${shortHash(data)}`;
}
