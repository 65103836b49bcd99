import { ApiObject } from 'cdk8s';
import { SystemSettings } from './system-settings';

const ADOPTED = Symbol.for('cdk8s-sysbox.adopted');

/** @internal */
export function markAdopted(object: ApiObject): void {
  Object.defineProperty(object, ADOPTED, { value: true });
}

/**
 * True for an object that was adopted, or that belongs to a system workload.
 *
 * @internal
 */
export function isAdopted(object: ApiObject): boolean {
  const owner = object.node.scope as { system?: unknown } | undefined;
  return ADOPTED in object || owner?.system instanceof SystemSettings;
}
