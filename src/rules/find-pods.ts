import { isObject, Json, listOf, mapOf, Path, textOf } from '../core/json';
import { customPods } from './custom-pods';
import { groupOf } from './group-of';
import { PodTemplate } from './pod-template';
import { References } from './references';

const CORE_GROUPS = ['', 'apps', 'batch'];
/** Kinds of Kubernetes with a pod template, and its path. */
const CORE_PATHS: Record<string, string[]> = {
  Pod: [],
  PodTemplate: ['template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  Job: ['spec', 'template'],
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
};

/** Groups whose objects describe pods without being pod specs: schemas, expressions, patches and values of charts. */
const WITHOUT_PODS = [
  'apiextensions.k8s.io',
  'admissionregistration.k8s.io',
  'kyverno.io',
  'policies.kyverno.io',
  'helm.toolkit.fluxcd.io',
  'helm.cattle.io',
  'kustomize.toolkit.fluxcd.io',
  'rbac.authorization.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'storage.k8s.io',
];

/**
 * All pods and pod templates of a document, at any depth: workloads of Kubernetes, well-known custom resources by their own
 * paths, and wherever else a map is a pod spec.
 *
 * @param references objects that custom resources can name as a part of their pods
 * @internal
 */
export function podTemplatesOf(document: Json, references = new References([]), at: Path = []): PodTemplate[] {
  if (!isObject(document)) return [];
  const { kind } = document;
  const group = groupOf(document);
  const path = CORE_GROUPS.includes(group) ? CORE_PATHS[textOf(kind)] : undefined;
  if (path !== undefined) return atPath(document, at, path);
  // the core group has no other pods than those of a List
  if (document.apiVersion === 'v1' && !Array.isArray(document.items)) return [];
  if (WITHOUT_PODS.includes(group) || (group === 'argoproj.io' && /^Application/.test(textOf(kind)))) return [];
  const custom = customPods(`${group}/${textOf(kind)}`, document, at, references);
  return custom ?? anywhere(document, document, at, undefined, references);
}

/**
 * The pods of a document whose spec can be replaced in place: those of a Pod or of a pod template with containers.
 *
 * @internal
 */
export function replaceablePodsOf(document: Json): PodTemplate[] {
  return podTemplatesOf(document).filter(({ holder, spec }) => holder !== undefined && Array.isArray(spec.containers));
}

function atPath(object: Record<string, Json>, at: Path, path: string[]): PodTemplate[] {
  const holder = path.reduce((json: Json, key) => mapOf(json)[key], object);
  const { metadata, spec } = mapOf(holder);
  if (!isObject(spec)) return [];
  return [{ object, holder, metadata, spec, at: [...at, ...path, 'spec'] }];
}

function anywhere(
  object: Record<string, Json>,
  json: Json,
  at: Path,
  parent: Json,
  references: References,
): PodTemplate[] {
  if (Array.isArray(json)) return json.flatMap((item, i) => anywhere(object, item, [...at, i], undefined, references));
  if (!isObject(json)) return [];
  // an object within another: an item of a List, a manifest of a ManifestWork, a resource template of Tekton
  if (json !== object && typeof json.apiVersion === 'string' && typeof json.kind === 'string') {
    return podTemplatesOf(json, references, at);
  }
  const key = textOf(at[at.length - 1]);
  if (isPodSpec(json, key)) {
    const template = key === 'spec' && parent !== object && isObject(parent);
    return [
      { object, metadata: template ? parent.metadata : {}, spec: json, at, holder: template ? parent : undefined },
    ];
  }
  return Object.entries(json).flatMap(([field, value]) =>
    typeof value === 'object' && value !== null ? anywhere(object, value, [...at, field], json, references) : [],
  );
}

const POD_KEY = /(^|[a-z])(spec|podSpec|PodSpec|podTemplate|PodTemplate|pod|template|Template)$/;
/** Fields that hardly anything but a pod spec has. */
const POD_FIELDS = ['hostUsers', 'enableServiceLinks', 'initContainers', 'automountServiceAccountToken', 'hostPID'];

function isPodSpec(json: Record<string, Json>, key: string): boolean {
  const containers = listOf(json.containers);
  if (containers.length > 0 && containers.every((c) => isObject(c) && (has(c, 'name') || has(c, 'image')))) return true;
  if (typeof json.runtimeClassName !== 'string') return false;
  return POD_KEY.test(key) || POD_FIELDS.some((field) => json[field] !== undefined);
}

function has(json: Json, field: string): boolean {
  return typeof json[field] === 'string';
}
