import { IConstruct } from 'constructs';
import * as kplus from 'cdk8s-plus-30';

const RTTI = Symbol.for('jsii.rtti');

/**
 * A Secret of any version of cdk8s-plus, or an L1 one: only its name is read.
 *
 * @param what path and prop, for messages
 * @internal
 */
export function secretOf(construct: IConstruct, what: string): kplus.ISecret {
  return namedOf(construct, 'Secret', what) as kplus.ISecret;
}

/** @internal */
export function configMapOf(construct: IConstruct, what: string): kplus.IConfigMap {
  return namedOf(construct, 'ConfigMap', what) as kplus.IConfigMap;
}

/**
 * A volume of any version of cdk8s-plus, or a PersistentVolume.
 *
 * @param what path and prop, for messages
 * @internal
 */
export function storageOf(construct: IConstruct, what: string): kplus.IStorage {
  if (typeof (construct as Partial<kplus.IStorage>)?.asVolume === 'function') return construct as kplus.IStorage;
  throw new Error(
    `${what} is ${describe(construct)}. Expected a Volume, such as Volume.fromPersistentVolumeClaim(scope, id, claim)`,
  );
}

/**
 * A container of any version of cdk8s-plus.
 *
 * @param what path and parameter, for messages
 * @internal
 */
export function containerOf(value: unknown, what: string): kplus.Container {
  const { mount, env } = (value ?? {}) as Partial<kplus.Container>;
  if (typeof mount === 'function' && typeof env?.addVariable === 'function') return value as kplus.Container;
  throw new Error(
    `${what} is ${describe(value)}. Expected a container of cdk8s-plus, such as deployment.containers[0]`,
  );
}

/**
 * A toleration of any version of cdk8s-plus.
 *
 * @param what path and prop, for messages
 * @internal
 */
export function tolerationOf(query: kplus.NodeTaintQuery, what: string): kplus.k8s.Toleration {
  if (typeof query?._toKube === 'function') return query._toKube();
  throw new Error(`${what} has ${describe(query)}. Expected NodeTaintQuery, such as NodeTaintQuery.exists('key')`);
}

/**
 * The class of an object with its package and version, "a cdk8s-plus-33.Secret (2.1.0)".
 *
 * @internal
 */
export function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const rtti = jsiiType(value);
  if (rtti) return `a ${rtti.fqn} (${rtti.version})`;
  const name = value.constructor?.name ?? 'Object';
  return name === 'Object' ? 'an object' : `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

/**
 * The type that jsii wrote into the class: a bundler renames classes, this it leaves alone.
 *
 * @internal
 */
export function jsiiType({ constructor }: object): { fqn: string; version: string } | undefined {
  return (constructor as { [RTTI]?: { fqn: string; version: string } } | undefined)?.[RTTI];
}

function namedOf(construct: IConstruct, kind: string, what: string): IConstruct {
  const { name, kind: actual } = (construct ?? {}) as { name?: unknown; kind?: unknown };
  if (typeof name === 'string' && actual === kind) return construct;
  throw new Error(
    `${what} is ${describe(construct)}. Expected a ${kind}, such as ${kind}.from${kind}Name(scope, id, name)`,
  );
}
