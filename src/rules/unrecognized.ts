import { Json, mapOf, Path, textOf } from '../core/json';
import { locate, PodTemplate } from './pod-template';

const NAMES_CLASS = /runtime_?-?class(_?-?name)?$/i;
/** Kinds that name a RuntimeClass without using it. */
const DEFINITIONS = [
  'RuntimeClass',
  'CustomResourceDefinition',
  'ValidatingAdmissionPolicy',
  'MutatingAdmissionPolicy',
];
/** What kubectl keeps of an earlier manifest. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** The installer creates the pods of its RuntimeClass itself, and its settings name the class. */
const INSTALLER = 'sysbox-installer';

/**
 * Where an object names one of these RuntimeClasses outside of the pods that were found in it: as values of a chart, in an
 * environment variable, or in a text such as a configuration file.
 *
 * @internal
 */
export function unrecognizedIn(document: Record<string, Json>, pods: PodTemplate[], classes: Set<string>): Path[] {
  if (DEFINITIONS.includes(textOf(document.kind))) return [];
  if (mapOf(mapOf(document.metadata).labels)['app.kubernetes.io/name'] === INSTALLER) return [];
  const found = mentionsIn(document.kind === 'Secret' ? decoded(document) : document, classes);
  if (found.length === 0) return found;
  const known = new Set(pods.flatMap((pod) => [locate(pod, ['runtimeClassName']), ...(pod.patches ?? [])]).map(keyOf));
  return found.filter((at) => !known.has(keyOf(at)));
}

/** A Secret as people write one: kubectl prints its values in base64. */
function decoded(secret: Record<string, Json>): Record<string, Json> {
  const texts = Object.entries(mapOf(secret.data)).map(([key, value]) => [
    key,
    Buffer.from(textOf(value), 'base64').toString(),
  ]);
  return { ...secret, data: Object.fromEntries(texts) };
}

/** Every string of every checked object is visited: the path is one array, copied only where something is found. */
function mentionsIn(document: Record<string, Json>, classes: Set<string>): Path[] {
  const names = [...classes];
  const found: Path[] = [];
  const at: (string | number)[] = [];
  const visit = (json: Json, key: string | number): void => {
    const value = json[key];
    if (typeof value === 'string') {
      if (names.some((name) => value.includes(name)) && isMention(value, key, json, classes)) found.push([...at, key]);
    } else if (typeof value === 'object' && value !== null) {
      at.push(key);
      visitAll(value);
      at.pop();
    }
  };
  const visitAll = (json: Json): void => {
    if (Array.isArray(json)) for (let i = 0; i < json.length; i++) visit(json, i);
    else for (const key in json) if (key !== LAST_APPLIED) visit(json, key);
  };
  visitAll(document);
  return found;
}

function isMention(text: string, key: string | number, parent: Json, classes: Set<string>): boolean {
  if (!classes.has(text)) return [...classes].some((name) => inText(name).test(text));
  return NAMES_CLASS.test(textOf(key)) || NAMES_CLASS.test(textOf(mapOf(parent).name));
}

/** `runtimeClassName: x`, `runtime_class_name = "x"`, `--runtime-class=x`. */
function inText(className: string): RegExp {
  const escaped = className.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`runtime_?-?class(_?-?name)?["']?\\s*[:= ]\\s*["']?${escaped}(["'\\s,}]|$)`, 'i');
}

function keyOf(path: Path): string {
  return path.join('\0');
}
