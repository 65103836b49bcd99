import { ApiObject } from 'cdk8s';
import { isObject, Json } from '../core/json';

/**
 * Changes an object after cdk8s has rendered it. This is the only place where a field can be added that is newer than the
 * generated classes of cdk8s-plus: JSON patches are applied before the mapping to the wire, which drops unknown keys.
 *
 * @internal
 */
export function onSerialize(object: ApiObject, change: (manifest: Json) => Json): void {
  const render = object.toJson.bind(object);
  object.toJson = () => change(render());
}

/**
 * As cdk8s prints a manifest: keys in order, nothing undefined.
 *
 * @internal
 */
export function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  if (!process.env.CDK8S_DISABLE_SORT) keys.sort();
  return Object.fromEntries(keys.map((key) => [key, sortKeys(value[key])]));
}
