/**
 * A manifest or a part of one, as it is on the wire. Nothing is known of its shape: it may be anybody's YAML.
 *
 * @internal
 */
export type Json = any;

/**
 * Where something is: keys and indexes from the root of a document, or of a pod.
 *
 * @internal
 */
export type Path = ReadonlyArray<string | number>;

/** @internal */
export function isObject(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value as a map; an empty one when it is none.
 *
 * @internal
 */
export function mapOf(value: Json): Record<string, Json> {
  return isObject(value) ? value : {};
}

/**
 * The value as a list; an empty one when it is none.
 *
 * @internal
 */
export function listOf(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

/**
 * The strings of a list.
 *
 * @internal
 */
export function stringsOf(value: Json): string[] {
  return listOf(value).filter((item) => typeof item === 'string');
}

/**
 * A path as people write it: spec.containers[0].name
 *
 * @internal
 */
export function showPath(path: Path): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : /^[\w-]+$/.test(key) ? `.${key}` : `['${key}']`))
    .join('')
    .replace(/^\./, '');
}

/**
 * The value as text; empty when it is none.
 *
 * @internal
 */
export function textOf(value: Json): string {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : '';
}
