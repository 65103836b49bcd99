import { listOf, mapOf, textOf } from '../core/json';
import { assemble, isFilled, JsonMap, Part, partAt, parts } from './assembled-pod';
import { PodTemplate } from './pod-template';
import { References } from './references';

// Source: tektoncd/pipeline pkg/apis/pipeline/v1 and pkg/apis/pipeline/pod/template.go. Tasks and pipelines of remote resolvers are not known.

/** @internal */
export function taskRunPods(object: JsonMap, spec: Part, references: References): PodTemplate[] {
  return [ofTask(object, partAt(spec, ['podTemplate']), taskOf(object, spec, references), references)];
}

/**
 * Each task of a pipeline is a pod; a task that is only named has the fields of the run's own template.
 *
 * @internal
 */
export function pipelineRunPods(object: JsonMap, spec: Part, references: References): PodTemplate[] {
  const common = [partAt(spec, ['taskRunTemplate', 'podTemplate']), partAt(spec, ['podTemplate'])].find(isFilled);
  const pipeline = bySpecOrRef(object, spec, references, 'pipeline', 'tekton.dev/Pipeline');
  const tasks = [...parts(pipeline, 'tasks'), ...parts(pipeline, 'finally')];
  const runs = parts(spec, 'taskRunSpecs').flatMap((run) => {
    const own = [partAt(run, ['podTemplate']), partAt(run, ['taskPodTemplate'])].find(isFilled);
    return own ? [{ task: textOf(run.json.pipelineTaskName), own }] : [];
  });
  const fallback = common ?? { json: {}, at: spec.at };
  const named = runs.filter(({ task }) => !tasks.some(({ json }) => json.name === task));
  const nothing = (at: Part): Part => ({ json: {}, at: at.at });
  return [
    ...tasks.map((task) => {
      const own = runs.find((run) => run.task === task.json.name)?.own;
      const template = own ? { at: own.at, json: { ...fallback.json, ...own.json } } : fallback;
      return ofTask(object, template, taskOf(object, task, references), references);
    }),
    ...named.map(({ own }) => ofTask(object, own, nothing(own), references)),
    ...(tasks.length === 0 && common ? [ofTask(object, common, nothing(common), references)] : []),
  ];
}

function ofTask(object: JsonMap, template: Part, task: Part, references: References): PodTemplate {
  const volumes = [...listOf(template.json.volumes), ...listOf(task.json.volumes)];
  const defaults = mapOf(task.json.stepTemplate);
  const steps = parts(task, 'steps').map((step) => {
    const { name } = mapOf(step.json.ref);
    const action = mapOf(references.find('tekton.dev/StepAction', name, object)?.spec);
    return { ...step, json: { ...defaults, ...action, ...step.json } };
  });
  return assemble(object, template, { ...template.json, volumes }, [...steps, ...parts(task, 'sidecars')], {});
}

function taskOf(object: JsonMap, holder: Part, references: References): Part {
  const kind = mapOf(holder.json.taskRef).kind === 'ClusterTask' ? 'tekton.dev/ClusterTask' : 'tekton.dev/Task';
  return bySpecOrRef(object, holder, references, 'task', kind);
}

/** What `taskSpec` says, or the object that `taskRef` names; the same of a pipeline. */
function bySpecOrRef(object: JsonMap, holder: Part, references: References, what: string, kind: string): Part {
  const { name } = mapOf(holder.json[`${what}Ref`]);
  const found = references.find(kind, name, object);
  if (found === undefined) return partAt(holder, [`${what}Spec`]);
  return { json: mapOf(found.spec), at: partAt(holder, [`${what}Ref`]).at, referenced: true };
}
