import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { AdoptAllOptions, AdoptOptions } from './adopt-options';
import { AdoptedWorkload } from './adopted-workload';
import { isNeverAdopted } from '../runtime/never-adopted';
import { replaceablePodsOf } from '../rules/find-pods';
import { SystemSettings } from './system-settings';

/** Kinds that have pods whatever else they say: they are found although they cannot be rendered yet. */
const WORKLOAD_KINDS = [
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
];

/** Other groups have kinds of the same names, such as Volcano's Job. */
const WORKLOAD_GROUPS = ['core', 'apps', 'batch'];

const ADOPTED = Symbol.for('cdk8s-sysbox.adopted');

/**
 * Makes system workloads of what an app has already.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { Deployment } from 'cdk8s-plus-30';
 * import { DockerEngine, SystemWorkloads } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'builds');
 * const agents = new Deployment(chart, 'agents', { containers: [{ image: 'registry.example.com/agent:2.7' }] });
 * new Deployment(chart, 'web', { containers: [{ image: 'registry.example.com/web:1.0' }] });
 *
 * DockerEngine.on(SystemWorkloads.adopt(agents));
 * SystemWorkloads.adoptAll(app);
 * app.synth();
 */
export class SystemWorkloads {
  /**
   * Let an existing workload run under Sysbox: a workload of any version of cdk8s-plus, an L1 or plain `ApiObject`, also one
   * of an `Include`, or a custom resource with a pod template. What its pods say already stays; a pod that names another
   * RuntimeClass, or that breaks a rule, is an error at synth time.
   *
   * @param workload the workload
   * @param options what its pods have beyond what they say already
   * @returns the adopted workload, on which a personality can be put
   */
  public static adopt(workload: IConstruct, options: AdoptOptions = {}): AdoptedWorkload {
    if ((workload as { system?: unknown }).system instanceof SystemSettings) {
      throw new Error(`${workload.node.path} is a system workload already. Give what you want to its 'system' prop`);
    }
    const object = ApiObject.of(workload);
    if (isAdopted(object)) throw new Error(`${workload.node.path} is adopted already. Adopt it once, with all options`);
    return adoptedAs(workload, object, options, true);
  }

  /**
   * Let all workloads under a construct run under Sysbox that are there when this is called: call it last. Those that are
   * system workloads or adopted already are left alone, and so is Sysbox's own installer. Options of `containers` hold for
   * the pods that have a container of that name. Refused: a scope without any workload.
   *
   * @param scope an app, a chart or any other construct
   * @param options what the pods have beyond what they say already
   * @returns the adopted workloads
   */
  public static adoptAll(scope: IConstruct, options: AdoptAllOptions = {}): AdoptedWorkload[] {
    const { exclude = [], ...adoptOptions } = options;
    const spared = new Set(exclude.flatMap((construct) => construct.node.findAll()));
    const workloads = scope.node
      .findAll()
      .filter((it): it is ApiObject => ApiObject.isApiObject(it))
      .filter(isWorkload);
    if (workloads.length === 0) {
      const where = scope.node.path === '' ? 'the app' : scope.node.path;
      throw new Error(`adoptAll: ${where} has no workload yet. Call it after the workloads were created`);
    }
    return workloads
      .filter((object) => !spared.has(object) && !isAdopted(object) && !isNeverAdopted(object))
      .map((object) => adoptedAs(object, object, adoptOptions, false));
  }

  private constructor() {}
}

function adoptedAs(workload: IConstruct, object: ApiObject, options: AdoptOptions, strict: boolean): AdoptedWorkload {
  const adopted = AdoptedWorkload._of(workload, object, options, strict);
  Object.defineProperty(object, ADOPTED, { value: true });
  return adopted;
}

/** True for an object that was adopted, or that belongs to a system workload. */
function isAdopted(object: ApiObject): boolean {
  const owner = object.node.scope as { system?: unknown } | undefined;
  return ADOPTED in object || owner?.system instanceof SystemSettings;
}

function isWorkload(object: ApiObject): boolean {
  if (WORKLOAD_KINDS.includes(object.kind) && WORKLOAD_GROUPS.includes(object.apiGroup)) return true;
  return replaceablePodsOf(object.toJson()).length > 0;
}

/**
 * Short for `SystemWorkloads.adopt`.
 *
 * @param workload the workload
 * @param options what its pods have beyond what they say already
 */
export function adopt(workload: IConstruct, options: AdoptOptions = {}): AdoptedWorkload {
  return SystemWorkloads.adopt(workload, options);
}

/**
 * Short for `SystemWorkloads.adoptAll`.
 *
 * @param scope an app, a chart or any other construct
 * @param options what the pods have beyond what they say already
 */
export function adoptAll(scope: IConstruct, options: AdoptAllOptions = {}): AdoptedWorkload[] {
  return SystemWorkloads.adoptAll(scope, options);
}
