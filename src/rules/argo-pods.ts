import { Json, mapOf, textOf } from '../core/json';
import { yaml } from '../core/yaml';
import { assemble, isFilled, JsonMap, Part, partAt, parts, patched } from './assembled-pod';
import { PodTemplate } from './pod-template';
import { References } from './references';

/**
 * The pods of a workflow: one for each template with a container, a script or a set of containers, its own ones and those that its
 * steps and tasks name in other objects.
 *
 * Source: argo-workflows pkg/apis/workflow/v1alpha1/workflow_types.go; docs/workflow-templates.md (of a template that is referenced,
 * the fields of its own workflow do not count).
 *
 * @internal
 */
export function argoPods(object: JsonMap, given: Part, references: References): PodTemplate[] {
  const workflow = withWorkflowTemplate(object, given, references);
  const own = [...parts(workflow.base, 'templates'), ...parts(workflow.own, 'templates')];
  const templates = [...own, ...referencedTemplates(object, own, references)];
  return templates.flatMap((template) => podOf(object, workflow.own, workflow.fields, template));
}

/** Fields of the workflow that it names come before its own. */
function withWorkflowTemplate(object: JsonMap, own: Part, references: References) {
  const { name, clusterScope } = mapOf(own.json.workflowTemplateRef);
  const found = references.find(templateKind(clusterScope), name, object);
  const base: Part = { json: mapOf(found?.spec), at: [...own.at, 'workflowTemplateRef'], referenced: true };
  return { own, base, fields: { ...base.json, ...own.json } };
}

/** The templates of other objects that steps and tasks of these run, and those that they run in turn. */
function referencedTemplates(object: JsonMap, templates: Part[], references: References): Part[] {
  const found = new Map<string, Part>();
  const visit = (template: Part, within?: JsonMap): void => {
    for (const { json, at, referenced } of callsOf(template)) {
      const { name, template: named, clusterScope } = mapOf(json.templateRef);
      const other = name === undefined ? within : references.find(templateKind(clusterScope), name, object);
      const local = name === undefined ? json.template : named;
      const key = `${textOf(mapOf(other?.metadata).name)}/${textOf(local)}`;
      if (other === undefined || found.has(key)) continue;
      const place = referenced ? at : [...at, 'templateRef'];
      const part = parts({ json: mapOf(other.spec), at: place, referenced: true }, 'templates').find(
        (one) => one.json.name === local,
      );
      if (part === undefined) continue;
      found.set(key, part);
      visit(part, other);
    }
  };
  for (const template of templates) visit(template);
  return [...found.values()];
}

/** Steps are lists of lists; a DAG has tasks. */
function callsOf(template: Part): Part[] {
  const rows = Array.isArray(template.json.steps) ? template.json.steps : [];
  const steps = rows.flatMap((row: Json, i: number) => {
    const at = template.referenced ? template.at : [...template.at, 'steps'];
    return parts({ ...template, json: { [i]: row }, at }, String(i));
  });
  return [...steps, ...parts(partAt(template, ['dag']), 'tasks')];
}

function podOf(object: JsonMap, workflow: Part, fields: JsonMap, part: Part): PodTemplate[] {
  const defaults = partAt(workflow, ['templateDefaults']);
  const template = { ...mapOf(fields.templateDefaults), ...part.json };
  const whole = { ...part, json: template };
  const main = ['container', 'script']
    .map((key) => partAt(whole, [key]))
    .filter(isFilled)
    .map((container) => ({ ...container, json: { name: 'main', ...container.json } }));
  const set = parts(partAt(whole, ['containerSet']), 'containers');
  if (main.length + set.length === 0) return [];
  const containers = [...main, ...set, ...parts(whole, 'sidecars')];
  const patches = [fields.podSpecPatch, template.podSpecPatch].map(parsed);
  const metadata = { ...mapOf(fields.podMetadata), ...mapOf(template.metadata) };
  const spec = patches.reduce<JsonMap>(patched, { ...fields, ...template });
  const pod = assemble(object, part, spec, containers, metadata, patches);
  const places = [workflow, part.json.podSpecPatch === undefined ? defaults : part].filter(
    (_, i) => typeof patches[i]?.runtimeClassName === 'string',
  );
  return [{ ...pod, patches: places.map((place) => partAt(place, ['podSpecPatch']).at) }];
}

function templateKind(clusterScope: Json): string {
  return clusterScope === true ? 'argoproj.io/ClusterWorkflowTemplate' : 'argoproj.io/WorkflowTemplate';
}

/** A patch is YAML or JSON in a string; one with parameters in it may not be. */
function parsed(patch: Json): JsonMap {
  try {
    return typeof patch === 'string' ? mapOf(yaml().parse(patch, { logLevel: 'silent' })) : {};
  } catch {
    return {};
  }
}
