import { isObject, Json, mapOf, Path, showPath, textOf } from '../core/json';
import { DEFAULT_RUNTIME_CLASS } from '../core/labels';
import { acknowledgedIn } from './acknowledgements';
import { unrecognizedPod } from './catalog/unrecognized-pod';
import { checkPod, Violation } from './check-pod';
import { podTemplatesOf } from './find-pods';
import { PodFacts } from './pod-facts';
import { locate, PodTemplate } from './pod-template';
import { References } from './references';
import { SharedClaims } from './shared-claims';
import { Storage } from './storage';
import { unrecognizedIn } from './unrecognized';

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
 * What was checked, and what was found.
 *
 * @internal
 */
export interface CheckReport {
  readonly violations: Located[];
  readonly objects: number;
  readonly pods: number;
  readonly systemPods: number;
}

/**
 * Checks all system pods of these manifests against all rules. A system pod names one of the RuntimeClasses, or one among the
 * manifests whose handler is one of them.
 *
 * @internal
 */
export function checkManifests(manifests: Json[], options: CheckOptions = {}): CheckReport {
  const { runtimeClassNames = [DEFAULT_RUNTIME_CLASS], idsPerPod } = options;
  const objects = manifests.flatMap(itemsOf);
  const classes = new Set([...runtimeClassNames, ...classesWithHandler(objects, runtimeClassNames)]);
  const storage = new Storage(objects);
  const references = new References(objects);
  const shared = new SharedClaims();
  const violations: Located[] = [];
  let pods = 0;
  let systemPods = 0;
  manifests.forEach((document, manifest) => {
    const templates = podTemplatesOf(document, references);
    pods += templates.length;
    for (const template of templates) {
      if (!classes.has(mapOf(template.spec).runtimeClassName)) continue;
      systemPods += 1;
      const facts = factsOf(template, storage, idsPerPod);
      violations.push(...violationsOf(template, manifest, facts, shared.violationsOf(template, facts)));
    }
    violations.push(...unrecognized(document, manifest, templates, classes));
  });
  return { violations, objects: objects.length, pods, systemPods };
}

/**
 * The place of a violation, as in spec.containers[0].image.
 *
 * @internal
 */
export function pathOf(violation: Located): string {
  return showPath(violation.at);
}

function violationsOf(pod: PodTemplate, manifest: number, facts: PodFacts, shared: Violation[]): Located[] {
  const acknowledged = acknowledgedIn(mapOf(pod.object.metadata).annotations, mapOf(pod.metadata).annotations);
  const own = checkPod(facts, acknowledged).filter(({ rule }) => !pod.exempt?.includes(rule.id));
  const acrossPods = shared.map((v): Violation => ({ ...v, acknowledged: acknowledged[v.rule.id] }));
  return [...own, ...acrossPods].map((violation) => ({
    ...violation,
    manifest,
    object: pod.object,
    at: locate(pod, violation.problem.at),
  }));
}

function unrecognized(document: Json, manifest: number, pods: PodTemplate[], classes: Set<string>): Located[] {
  if (!isObject(document)) return [];
  return unrecognizedIn(document, pods, classes).map((at) => ({
    rule: unrecognizedPod,
    problem: { at, what: 'a RuntimeClass of Sysbox is named outside of a pod spec' },
    acknowledged: acknowledgedIn(mapOf(document.metadata).annotations)[unrecognizedPod.id],
    manifest,
    object: document,
    at,
  }));
}

function factsOf({ object, metadata, spec }: PodTemplate, storage: Storage, idsPerPod?: number): PodFacts {
  const { namespace } = mapOf(object.metadata);
  return new PodFacts(spec, {
    annotations: () => mapOf(metadata).annotations,
    kind: textOf(object.kind),
    ownerSpec: () => object.spec,
    idsPerPod,
    claim: (claimName) => storage.claim(namespace, claimName),
    claimFromTemplate: (template) => storage.claimFromTemplate(template),
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
