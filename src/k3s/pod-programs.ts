import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct, IConstruct } from 'constructs';
import { join } from 'path';
import { addProgramFiles, checkedCommand } from '../core/program-files';
import { programsIn } from '../core/programs';

/** Where the programs are in a pod: not a path that ends like a program, by which the rules know an engine. @internal */
export const PROGRAMS_PATH = '/opt/cdk8s-sysbox/k3s-programs';

/** Requests and limits of a program that is only a client of an API server. @internal */
export const CLIENT_RESOURCES: kplus.ContainerResources = {
  cpu: { request: kplus.Cpu.millis(10) },
  memory: { request: Size.mebibytes(64), limit: Size.mebibytes(256) },
};

/** The command of a container that runs a program, after the check of all. @internal */
export function programCommand(name: string, ...args: string[]): string[] {
  return checkedCommand(PROGRAMS_PATH, programs(), name, ...args);
}

/** The command that runs a program in a container whose own command has checked them. @internal */
export function hookCommand(name: string): string[] {
  return ['sh', `${PROGRAMS_PATH}/${name}`];
}

/** Child id of the programs, without their hash. */
const ID = 'K3sPrograms';

/**
 * A ConfigMap with the programs that run in the pods. Its name changes with their content, so that pods are replaced together
 * with them.
 *
 * @internal
 */
export function programsConfigMap(scope: Construct, name?: string): kplus.ConfigMap {
  return addProgramFiles(scope, ID, programs(), name === undefined ? {} : { name: `${name}-programs` });
}

/**
 * The programs of the nearest scope that has them, else a ConfigMap of the workload's own.
 *
 * @internal
 */
export function programsVolume(workload: IConstruct): kplus.Volume {
  const shared = workload.node.scopes
    .flatMap((scope) => scope.node.children)
    .find((child) => child.node.id.startsWith(`${ID}-`));
  const configMap = (shared as kplus.ConfigMap | undefined) ?? programsConfigMap(workload as Construct);
  return kplus.Volume.fromConfigMap(workload as Construct, 'K3sProgramsVolume', configMap, {
    name: 'k3s-programs',
    defaultMode: 0o555,
  });
}

let read: Record<string, string> | undefined;

function programs(): Record<string, string> {
  read ??= programsIn(join(__dirname, 'pod'));
  return read;
}
