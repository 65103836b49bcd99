import { DEFAULT_RUNTIME_CLASS } from '../core/labels';
import { acknowledgedIn } from './acknowledgements';
import { checkPod, Violation } from './check-pod';
import { isObject, Json, listOf, mapOf, Path, showPath, stringsOf, textOf } from '../core/json';
import { PodFacts } from './pod-facts';
import { LocatedPod, sharedClaims } from './shared-claims';
import { PodTemplate, podTemplatesOf } from './pod-template';

/**
 * A violation in one of several manifests.
 *
 * @internal
 */
export interface Located extends Violation {
  readonly manifest: number;
  readonly object: Record<string, Json>;
  /** From the root of the manifest. */
  readonly at: Path;
}

/**
 * Which pods are checked, and against which user namespace.
 *
 * @internal
 */
export interface CheckOptions {
  readonly runtimeClassNames?: string[];
  readonly idsPerPod?: number;
}

/**
 * Checks all system pods of these manifests against all rules. A system pod names one of the RuntimeClasses, or one among the
 * manifests whose handler is one of them.
 *
 * @internal
 */
export function checkManifests(manifests: Json[], options: CheckOptions = {}): Located[] {
  const { runtimeClassNames = [DEFAULT_RUNTIME_CLASS], idsPerPod } = options;
  const objects = manifests.flatMap(itemsOf);
  const classes = new Set([...runtimeClassNames, ...classesWithHandler(objects, runtimeClassNames)]);
  const modes = claimModes(objects);
  const pods = manifests.flatMap((document, manifest) =>
    podTemplatesOf(document)
      .filter(({ spec }) => classes.has(spec.runtimeClassName))
      .map((template): LocatedPod => ({ ...template, manifest, facts: factsOf(template, modes, idsPerPod) })),
  );
  const shared = sharedClaims(pods);
  return pods.flatMap((pod) => violationsOf(pod, shared.get(pod) ?? []));
}

/**
 * The place of a violation, as in spec.containers[0].image.
 *
 * @internal
 */
export function pathOf(violation: Located): string {
  return showPath(violation.at);
}

function violationsOf(pod: LocatedPod, shared: Violation[]): Located[] {
  const acknowledged = acknowledgedIn(mapOf(pod.object.metadata).annotations, mapOf(pod.metadata).annotations);
  const own = checkPod(pod.facts, acknowledged);
  const acrossPods = shared.map((v): Violation => ({ ...v, acknowledged: acknowledged[v.rule.id] }));
  return [...own, ...acrossPods].map((violation) => ({
    ...violation,
    manifest: pod.manifest,
    object: pod.object,
    at: [...pod.at, ...violation.problem.at],
  }));
}

function factsOf({ object, metadata, spec }: PodTemplate, modes: Map<string, string[]>, idsPerPod?: number): PodFacts {
  const { namespace } = mapOf(object.metadata);
  return new PodFacts(spec, {
    annotations: () => mapOf(metadata).annotations,
    kind: textOf(object.kind),
    ownerSpec: () => object.spec,
    idsPerPod,
    claimModes: (claimName) => modes.get(`${textOf(namespace)}/${textOf(claimName)}`),
  });
}

function itemsOf(document: Json): Record<string, Json>[] {
  if (!isObject(document)) return [];
  if (textOf(document.kind).endsWith('List') && Array.isArray(document.items)) return document.items.flatMap(itemsOf);
  return [document];
}

function classesWithHandler(objects: Record<string, Json>[], handlers: string[]): string[] {
  return objects
    .filter((object) => object.kind === 'RuntimeClass' && handlers.includes(object.handler))
    .map((object) => textOf(mapOf(object.metadata).name));
}

function claimModes(objects: Record<string, Json>[]): Map<string, string[]> {
  return new Map(
    objects
      .filter((object) => object.kind === 'PersistentVolumeClaim')
      .map((claim) => {
        const { namespace, name } = mapOf(claim.metadata);
        return [`${textOf(namespace)}/${textOf(name)}`, stringsOf(listOf(mapOf(claim.spec).accessModes))];
      }),
  );
}
