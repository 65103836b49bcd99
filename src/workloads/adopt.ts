import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { AdoptAllOptions, AdoptOptions } from './adopt-options';
import { AdoptedObject } from './adopted-object';
import { isNeverAdopted } from '../runtime/never-adopted';
import { podTemplatesOf } from '../rules/pod-template';
import { isAdopted, markAdopted } from './adopted-marks';
import { SystemSettings } from './system-settings';

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
const WORKLOAD_GROUPS = ['', 'apps', 'batch'];

/** Makes system workloads of what an app has already. */
export class SystemWorkloads {
  /**
   * Let an existing workload run under Sysbox: a cdk8s-plus workload, an L1 or plain `ApiObject`, also one of an `Include`, or
   * a custom resource with a pod template in `spec.template`. What its pods say already stays; a pod that names another
   * RuntimeClass, or that breaks a rule, is an error at synth time.
   *
   * @param workload the workload
   * @param options what its pods have beyond what they say already
   * @returns the object that was adopted
   */
  public static adopt(workload: IConstruct, options: AdoptOptions = {}): ApiObject {
    if ((workload as { system?: unknown }).system instanceof SystemSettings) {
      throw new Error(`${workload.node.path} is a system workload already. Give what you want to its 'system' prop`);
    }
    const object = ApiObject.of(workload);
    if (isAdopted(object)) throw new Error(`${workload.node.path} is adopted already. Adopt it once, with all options`);
    return adoptedAs(new AdoptedObject(workload, object, options, true));
  }

  /**
   * Let all workloads under a construct run under Sysbox that are there when this is called: call it last. Those that are
   * system workloads or adopted already are left alone, and so are Sysbox's own installer and custom resources. Options
   * of `containers` hold for the pods that have a container of that name.
   *
   * @param scope an app, a chart or any other construct
   * @param options what the pods have beyond what they say already
   * @returns the objects that were adopted
   */
  public static adoptAll(scope: IConstruct, options: AdoptAllOptions = {}): ApiObject[] {
    const { exclude = [], ...adoptOptions } = options;
    const spared = new Set(exclude.flatMap((construct) => construct.node.findAll()));
    return scope.node
      .findAll()
      .filter((it): it is ApiObject => ApiObject.isApiObject(it) && !spared.has(it))
      .filter((object) => isWorkload(object) && !isAdopted(object) && !isNeverAdopted(object))
      .map((object) => adoptedAs(new AdoptedObject(object, object, adoptOptions, false)));
  }

  private constructor() {}
}

function adoptedAs({ object }: AdoptedObject): ApiObject {
  markAdopted(object);
  return object;
}

/** A List is one when it has a workload among its items. */
function isWorkload(object: ApiObject): boolean {
  if (object.kind === 'List') return podTemplatesOf(object.toJson()).length > 0;
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : '';
  return WORKLOAD_KINDS.includes(object.kind) && WORKLOAD_GROUPS.includes(group as string);
}

/**
 * Short for `SystemWorkloads.adopt`.
 *
 * @param workload the workload
 * @param options what its pods have beyond what they say already
 */
export function adopt(workload: IConstruct, options: AdoptOptions = {}): ApiObject {
  return SystemWorkloads.adopt(workload, options);
}

/**
 * Short for `SystemWorkloads.adoptAll`.
 *
 * @param scope an app, a chart or any other construct
 * @param options what the pods have beyond what they say already
 */
export function adoptAll(scope: IConstruct, options: AdoptAllOptions = {}): ApiObject[] {
  return SystemWorkloads.adoptAll(scope, options);
}
