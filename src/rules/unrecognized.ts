import { isObject, Json, mapOf, Path, textOf } from '../core/json';
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

/**
 * Where an object names one of these RuntimeClasses outside of the pods that were found in it: as values of a chart, in an
 * environment variable, or in a text such as a configuration file.
 *
 * @internal
 */
export function unrecognizedIn(document: Record<string, Json>, pods: PodTemplate[], classes: Set<string>): Path[] {
  if (DEFINITIONS.includes(textOf(document.kind))) return [];
  const names = [...classes];
  const found: Path[] = [];
  const visit = (json: Json, at: Path, parent: Json): void => {
    if (typeof json === 'string') {
      if (names.some((name) => json.includes(name)) && isMention(json, at, parent, classes)) found.push(at);
    } else if (Array.isArray(json)) {
      json.forEach((item, i) => visit(item, [...at, i], json));
    } else if (isObject(json)) {
      for (const key in json) if (key !== LAST_APPLIED) visit(json[key], [...at, key], json);
    }
  };
  visit(document, [], undefined);
  if (found.length === 0) return found;
  const known = new Set(pods.flatMap((pod) => [locate(pod, ['runtimeClassName']), ...(pod.patches ?? [])]).map(keyOf));
  return found.filter((at) => !known.has(keyOf(at)));
}

function isMention(text: string, at: Path, parent: Json, classes: Set<string>): boolean {
  if (!classes.has(text)) return [...classes].some((name) => inText(name).test(text));
  return NAMES_CLASS.test(textOf(at[at.length - 1])) || NAMES_CLASS.test(textOf(mapOf(parent).name));
}

/** `runtimeClassName: x`, `runtime_class_name = "x"`, `--runtime-class=x`. */
function inText(className: string): RegExp {
  const escaped = className.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`runtime_?-?class(_?-?name)?["']?\\s*[:= ]\\s*["']?${escaped}(["'\\s,}]|$)`, 'i');
}

function keyOf(path: Path): string {
  return path.join('\0');
}
