import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';

/**
 * The longest name of a StatefulSet whose pods can be made: they have it in a label, with a dash and a hash of ten digits
 * behind it (kubernetes#64023). A CronJob's is as long, for the jobs that are named after it.
 */
const LONGEST = 52;

/**
 * Refuses a name from which Kubernetes cannot make those of jobs and labels of pods: a StatefulSet with such a name is
 * taken, and never has a pod. cdk8s makes names of up to 63 characters.
 *
 * @internal
 */
export function assertShortName(workload: IConstruct): void {
  const { kind, name } = ApiObject.of(workload);
  if (name.length <= LONGEST) return;
  throw new Error(
    `${workload.node.path}: '${name}' has ${name.length} characters, and a ${kind} can have ${LONGEST}: the names of its pods are made ` +
      "from it. Give a shorter one as 'metadata.name'",
  );
}
