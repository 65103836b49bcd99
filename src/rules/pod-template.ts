import { Json, Path } from '../core/json';

/**
 * A pod, or what pods are created from, in a manifest.
 *
 * @internal
 */
export interface PodTemplate {
  /** The object that contains it: an item of a List, not the List. */
  readonly object: Record<string, Json>;
  /** Metadata of the pod; empty where the object gives none. */
  readonly metadata: Json;
  readonly spec: Json;
  /** Where the pod spec is in the document. */
  readonly at: Path;
  /** The Pod or the pod template, where its `spec` is the pod spec: what adopts a workload replaces it there. */
  readonly holder?: Json;
  /** Where a path of the pod spec is in the document, if the pod spec was put together from several places. */
  readonly locate?: (path: Path) => Path | undefined;
  /** Texts in the document that were parsed as parts of the pod spec. */
  readonly patches?: Path[];
  /** Ids of rules that such an object cannot follow, because its controller sets the field. */
  readonly exempt?: string[];
}

/**
 * Where a path of the pod spec is in the document. A path that begins with '..' is one of the pod itself.
 *
 * @internal
 */
export function locate(template: PodTemplate, path: Path): Path {
  if (path[0] === '..') return [...template.at.slice(0, -1), ...path.slice(1)];
  return template.locate?.(path) ?? [...template.at, ...path];
}
