import { IConstruct } from 'constructs';

const NEVER_ADOPTED = Symbol.for('cdk8s-sysbox.neverAdopted');

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
