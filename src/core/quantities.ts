import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';

/**
 * The quantities that are given, as cdk8s-plus takes them.
 *
 * @internal
 */
export function toQuantities(
  values: Record<string, string | number | Size | kplus.Cpu | undefined>,
): Record<string, kplus.k8s.Quantity> {
  const result: Record<string, kplus.k8s.Quantity> = {};
  for (const [resource, value] of Object.entries(values)) {
    if (value !== undefined) result[resource] = kplus.k8s.Quantity.fromString(textOf(value));
  }
  return result;
}

/**
 * Requests and limits of a container; absent when none is given.
 *
 * @internal
 */
export function toResources(resources: kplus.ContainerResources): kplus.k8s.ResourceRequirements {
  const { cpu, memory, ephemeralStorage } = resources;
  const of = (kind: 'request' | 'limit') => {
    const found = toQuantities({
      cpu: cpu?.[kind],
      memory: memory?.[kind],
      'ephemeral-storage': ephemeralStorage?.[kind],
    });
    return Object.keys(found).length > 0 ? found : undefined;
  };
  return { requests: of('request'), limits: of('limit') };
}

/**
 * A quantity as it is in a manifest.
 *
 * @internal
 */
export function textOf(value: string | number | Size | kplus.Cpu): string {
  if (value instanceof Size) return `${value.toMebibytes()}Mi`;
  return typeof value === 'object' ? value.amount : String(value);
}
