import { isObject, Json, listOf, mapOf, Path, textOf } from '../core/json';

/**
 * A pod, or what pods are made from, in a manifest.
 *
 * @internal
 */
export interface PodTemplate {
  /** The object that it is of: a List's item, not the List. */
  readonly object: Record<string, Json>;
  readonly metadata: Json;
  readonly spec: Json;
  /** What has the two: the Pod or the template. */
  readonly holder: Json;
  /** Where the pod spec is in the document. */
  readonly at: Path;
}

/**
 * All pods and pod templates of a document: core workloads, items of a List, and custom resources that carry a template
 * as workloads do (ARC's AutoscalingRunnerSet, Argo's Rollout).
 *
 * @internal
 */
export function podTemplatesOf(document: Json, at: Path = []): PodTemplate[] {
  if (!isObject(document)) return [];
  if (textOf(document.kind).endsWith('List') && Array.isArray(document.items)) {
    return listOf(document.items).flatMap((item, i) => podTemplatesOf(item, [...at, 'items', i]));
  }
  const path = holderOf(document);
  const holder = path.reduce((json: Json, key) => mapOf(json)[key], document);
  const { metadata, spec } = mapOf(holder);
  if (!isObject(spec) || !Array.isArray(spec.containers)) return [];
  return [{ object: document, holder, metadata, spec, at: [...at, ...path, 'spec'] }];
}

/** Where the object keeps what has the metadata and the spec of a pod. */
function holderOf(object: Record<string, Json>): string[] {
  switch (object.kind) {
    case 'Pod':
      return [];
    case 'PodTemplate':
      return ['template'];
    case 'CronJob':
      return ['spec', 'jobTemplate', 'spec', 'template'];
    default:
      return ['spec', 'template'];
  }
}
