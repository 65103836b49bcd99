import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { AdoptAllOptions, AdoptOptions } from './adopt-options';
import { AdoptedObject } from './adopted-object';
import { isNeverAdopted } from '../runtime/never-adopted';
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
  'List',
];

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
    markAdopted(object);
    new AdoptedObject(workload, object, options);
    return object;
  }

  /**
   * Let all workloads under a construct run under Sysbox that are there when this is called: call it last. Those that are
   * system workloads or adopted already are left alone, and so is Sysbox's own installer.
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
      .filter((object) => WORKLOAD_KINDS.includes(object.kind) && !isAdopted(object) && !isNeverAdopted(object))
      .map((object) => SystemWorkloads.adopt(object, adoptOptions));
  }

  private constructor() {}
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
