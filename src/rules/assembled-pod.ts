import { isObject, Json, listOf, mapOf, Path } from '../core/json';
import { PodTemplate } from './pod-template';

/** @internal */
export type JsonMap = Record<string, Json>;

/**
 * A part of a document, and where it is.
 *
 * @internal
 */
export interface Part {
  readonly json: JsonMap;
  readonly at: Path;
  /** Whether it is of another object, which the place refers to. */
  readonly referenced?: boolean;
}

/**
 * A pod spec that is put together from several places of a document.
 *
 * @param base where the fields of the pod are
 * @param patches strategic merges, also of containers by name
 * @internal
 */
export function assemble(
  object: JsonMap,
  base: Part,
  fields: JsonMap,
  containers: Part[],
  metadata: JsonMap,
  patches: JsonMap[] = [],
): PodTemplate {
  const patchOf = ({ json }: Part) =>
    patches.flatMap((patch) => listOf(patch.containers)).filter((c) => mapOf(c).name === json.name);
  const spec = { ...fields, containers: containers.map((part) => patchOf(part).reduce<JsonMap>(patched, part.json)) };
  const locate = ([list, index, ...rest]: Path) => {
    const container = list === 'containers' && typeof index === 'number' ? containers[index] : undefined;
    if (container) return below(container, ...rest);
    return base.referenced ? base.at : undefined;
  };
  return { object, metadata, spec, at: base.at, locate };
}

/**
 * A strategic merge of maps; lists are replaced, those of containers are merged by name where they are assembled.
 *
 * @internal
 */
export function patched(json: JsonMap, patch: JsonMap): JsonMap {
  const result = { ...json };
  for (const [key, value] of Object.entries(patch)) {
    if (key === 'containers') continue;
    result[key] = isObject(value) && isObject(result[key]) ? patched(result[key], value) : value;
  }
  return result;
}

/** @internal */
export function partAt(part: Part, path: string[]): Part {
  const json = mapOf(path.reduce((value: Json, key) => mapOf(value)[key], part.json));
  return { ...part, json, at: below(part, ...path) };
}

/** @internal */
export function parts(part: Part, list: string): Part[] {
  return listOf(part.json[list]).map((item, i) => ({ ...part, json: mapOf(item), at: below(part, list, i) }));
}

/** @internal */
export function isFilled({ json }: Part): boolean {
  return Object.keys(json).length > 0;
}

/** A path in a part; what is in another object is shown at the reference. */
function below({ at, referenced }: Part, ...path: Path): Path {
  return referenced ? at : [...at, ...path];
}
