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
  const containers: PlainPodSpec[] = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const names: string[] = containers.map(({ name }) => name);
  return [
    ...repeated(names).map((name) => `several containers are named '${name}'. Give each container a 'name' of its own`),
    ...names.flatMap((name) => labelNameProblem(name) ?? []).map((problem) => `container ${problem}`),
    ...containers.flatMap(({ name, volumeMounts }) =>
      repeated((volumeMounts ?? []).map(({ mountPath }: { mountPath: string }) => mountPath)).map(
        (path) => `container '${name}' mounts several volumes at ${path}. Leave all but one of them out`,
      ),
    ),
  ];
}

function repeated(texts: string[]): string[] {
  const known = new Set<string>();
  return texts.filter((text) => known.size === known.add(text).size);
}
