import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { SystemSettings } from './system-settings';

const ADOPTED = Symbol.for('cdk8s-sysbox.adopted');
const NEVER_ADOPTED = Symbol.for('cdk8s-sysbox.neverAdopted');

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

/**
 * Keeps all workloads under a construct out of `adoptAll`: what installs Sysbox cannot run under it.
 *
 * @internal
 */
export function neverAdopt(construct: IConstruct): void {
  Object.defineProperty(construct, NEVER_ADOPTED, { value: true });
}

/** @internal */
export function isNeverAdopted(construct: IConstruct): boolean {
  return construct.node.scopes.some((scope) => NEVER_ADOPTED in scope);
}
