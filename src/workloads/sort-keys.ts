import { isObject, Json } from '../core/json';

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
