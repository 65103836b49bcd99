import { labelNameProblem } from '../core/names';
import { PlainPodSpec } from './system-pod-spec';

/**
 * What the API server refuses of containers together, and cdk8s-plus does not look at: it names a container "main" that has
 * no name.
 *
 * Source: kubernetes pkg/apis/core/validation, validateContainerCommon, validateInitContainers and ValidateVolumeMounts.
 *
 * @internal
 */
export function containerErrors(spec: PlainPodSpec): string[] {
  const errors: string[] = [];
  const names = new Set<string>();
  for (const { name, volumeMounts } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    if (names.has(name)) errors.push(`several containers are named '${name}'. Give each container a 'name' of its own`);
    names.add(name);
    const problem = labelNameProblem(name);
    if (problem) errors.push(`container ${problem}`);
    for (const path of repeated(volumeMounts)) {
      errors.push(`container '${name}' mounts several volumes at ${path}. Leave all but one of them out`);
    }
  }
  return errors;
}

function repeated(mounts: { mountPath: string }[] = []): string[] {
  if (mounts.length < 2) return [];
  const known = new Set<string>();
  return mounts.map(({ mountPath }) => mountPath).filter((path) => known.size === known.add(path).size);
}
