import { isLabelName } from '../runtime/names';
import { PlainPodSpec } from './system-pod-spec';

/**
 * Names of containers that the API server refuses. cdk8s-plus checks none, and names a container "main" that has no name.
 *
 * Source: kubernetes pkg/apis/core/validation, validateContainerCommon and validateInitContainers.
 *
 * @internal
 */
export function containerNameErrors(spec: PlainPodSpec): string[] {
  const names: string[] = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name);
  const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i));
  return [
    ...[...twice].map((name) => `several containers are named '${name}'. Give each container a 'name' of its own`),
    ...names
      .filter((name) => !isLabelName(name))
      .map((name) => `container '${name}' is no DNS label. Use at most 63 lower-case letters, digits and '-'`),
  ];
}
