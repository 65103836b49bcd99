import * as kplus from 'cdk8s-plus-30';
import { assertLabel } from '../core/names';

const WHEN = ['DoNotSchedule', 'ScheduleAnyway'];

/**
 * Refuses constraints that the API server refuses.
 *
 * Source: kubernetes pkg/apis/core/validation, validateTopologySpreadConstraints.
 *
 * @internal
 */
export function assertTopologySpread(constraints: kplus.k8s.TopologySpreadConstraint[], where: string): void {
  const what = `${where}: topologySpreadConstraints`;
  const seen = new Set<string>();
  for (const { maxSkew, minDomains, topologyKey, whenUnsatisfiable } of constraints) {
    assertLabel(topologyKey, '', what);
    if (!isCount(maxSkew)) throw new Error(`${what}: maxSkew ${maxSkew} is not a whole number from 1 on`);
    if (!WHEN.includes(whenUnsatisfiable)) {
      throw new Error(`${what}: whenUnsatisfiable '${whenUnsatisfiable}' is unknown. Write ${WHEN.join(' or ')}`);
    }
    if (minDomains !== undefined && (!isCount(minDomains) || whenUnsatisfiable !== 'DoNotSchedule')) {
      throw new Error(`${what}: minDomains ${minDomains} must be from 1 on, and goes with DoNotSchedule only`);
    }
    const pair = `${topologyKey} ${whenUnsatisfiable}`;
    if (seen.has(pair))
      throw new Error(`${what}: '${topologyKey}' with ${whenUnsatisfiable} is there twice. Leave one out`);
    seen.add(pair);
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value < 2 ** 31;
}
