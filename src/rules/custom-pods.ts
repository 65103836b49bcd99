import { isObject, Json, listOf, mapOf, Path, textOf } from '../core/json';
import { yaml } from '../core/yaml';
import { PodTemplate } from './pod-template';

type Map = Record<string, Json>;

/** A part of a document, and where it is. */
interface Part {
  readonly json: Map;
  readonly at: Path;
}

/**
 * Custom resources that describe a pod in another form than a pod spec, by group and kind. All others are searched for pod
 * specs: agent sandboxes, KEDA, JobSet, Ray, Volcano, Knative, Kueue, runner scale sets and whatever else embeds one.
 *
 * Sources: argo-workflows pkg/apis/workflow/v1alpha1/workflow_types.go; tektoncd/pipeline pkg/apis/pipeline (pod/template.go);
 * actions-runner-controller apis/actions.summerwind.net/v1alpha1/runner_types.go; rancher/k3k pkg/apis/k3k.io/v1beta1/types.go.
 *
 * @internal
 */
export const CUSTOM_PODS: Record<string, (object: Map, at: Path) => PodTemplate[]> = {
  'argoproj.io/Workflow': (object, at) => argo(object, at, ['spec']),
  'argoproj.io/WorkflowTemplate': (object, at) => argo(object, at, ['spec']),
  'argoproj.io/ClusterWorkflowTemplate': (object, at) => argo(object, at, ['spec']),
  'argoproj.io/CronWorkflow': (object, at) => argo(object, at, ['spec', 'workflowSpec']),
  'tekton.dev/TaskRun': (object, at) => taskRun(object, at),
  'tekton.dev/PipelineRun': (object, at) => pipelineRun(object, at),
  'actions.summerwind.dev/Runner': (object, at) => runner(object, at, ['spec']),
  'actions.summerwind.dev/RunnerReplicaSet': (object, at) => runner(object, at, ['spec', 'template', 'spec']),
  'actions.summerwind.dev/RunnerDeployment': (object, at) => runner(object, at, ['spec', 'template', 'spec']),
  'k3k.io/Cluster': (object, at) => k3k(object, at),
  'k3k.io/VirtualClusterPolicy': (object, at) => k3k(object, at),
};

/** Each template of a workflow with a container, a script or a set of containers is a pod. */
function argo(object: Map, at: Path, path: string[]): PodTemplate[] {
  const workflow = partAt({ json: object, at }, path);
  const defaults = mapOf(workflow.json.templateDefaults);
  const { podSpecPatch, podMetadata } = workflow.json;
  return parts(workflow, 'templates').flatMap((part) => {
    const template = { ...defaults, ...part.json };
    const main = ['container', 'script']
      .filter((key) => isObject(template[key]))
      .map((key) => ({ json: { name: 'main', ...template[key] }, at: [...part.at, key] }));
    const set = parts({ json: mapOf(template.containerSet), at: [...part.at, 'containerSet'] }, 'containers');
    if (main.length + set.length === 0) return [];
    const containers = [...main, ...set, ...parts({ ...part, json: template }, 'sidecars')];
    const spec = { ...workflow.json, ...template };
    const patches = [podSpecPatch, template.podSpecPatch].map(parsed);
    const metadata = { ...mapOf(podMetadata), ...mapOf(template.metadata) };
    const pod = assemble(object, part, patches.reduce<Map>(patched, spec), containers, metadata, patches);
    const places = [workflow.at, part.at].filter((_, i) => typeof patches[i]?.runtimeClassName === 'string');
    return [{ ...pod, patches: places.map((place) => [...place, 'podSpecPatch']) }];
  });
}

function taskRun(object: Map, at: Path): PodTemplate[] {
  const spec = partAt({ json: object, at }, ['spec']);
  return [ofTask(object, partAt(spec, ['podTemplate']), partAt(spec, ['taskSpec']))];
}

/** Each task of a pipeline is a pod; a task that is only named has the fields of the run's own template. */
function pipelineRun(object: Map, at: Path): PodTemplate[] {
  const spec = partAt({ json: object, at }, ['spec']);
  const common = [partAt(spec, ['taskRunTemplate', 'podTemplate']), partAt(spec, ['podTemplate'])].find(isFilled);
  const pipeline = partAt(spec, ['pipelineSpec']);
  const tasks = [...parts(pipeline, 'tasks'), ...parts(pipeline, 'finally')];
  const runs = parts(spec, 'taskRunSpecs').flatMap((run) => {
    const own = [partAt(run, ['podTemplate']), partAt(run, ['taskPodTemplate'])].find(isFilled);
    return own ? [{ task: textOf(run.json.pipelineTaskName), own }] : [];
  });
  const fallback = common ?? { json: {}, at: spec.at };
  const named = runs.filter(({ task }) => !tasks.some(({ json }) => json.name === task));
  return [
    ...tasks.map((task) => {
      const own = runs.find((run) => run.task === task.json.name)?.own;
      return ofTask(
        object,
        own ? { at: own.at, json: { ...fallback.json, ...own.json } } : fallback,
        partAt(task, ['taskSpec']),
      );
    }),
    ...named.map(({ own }) => ofTask(object, own, { json: {}, at: own.at })),
    ...(tasks.length === 0 && common ? [ofTask(object, common, { json: {}, at: common.at })] : []),
  ];
}

function ofTask(object: Map, template: Part, task: Part): PodTemplate {
  const volumes = [...listOf(template.json.volumes), ...listOf(task.json.volumes)];
  const defaults = mapOf(task.json.stepTemplate);
  const steps = parts(task, 'steps').map(({ json, at }) => ({ json: { ...defaults, ...json }, at }));
  return assemble(object, template, { ...template.json, volumes }, [...steps, ...parts(task, 'sidecars')], {});
}

/** The container of the runner is described by fields next to those of the pod. */
function runner(object: Map, at: Path, path: string[]): PodTemplate[] {
  const spec = partAt({ json: object, at }, path);
  const { image, env, envFrom, volumeMounts, resources } = spec.json;
  const own = { json: { name: 'runner', image, env, envFrom, volumeMounts, resources }, at: spec.at };
  const containers = [...parts(spec, 'containers'), ...parts(spec, 'sidecarContainers')];
  const given = containers.some(({ json }) => json.name === 'runner');
  const holder = path.slice(0, -1).reduce((json: Json, key) => mapOf(json)[key], object);
  const metadata = path.length > 1 ? mapOf(holder).metadata : {};
  return [assemble(object, spec, spec.json, given ? containers : [own, ...containers], mapOf(metadata))];
}

/** The pods of servers and agents; K3k itself decides on service links. */
function k3k(object: Map, at: Path): PodTemplate[] {
  const spec = partAt({ json: object, at }, ['spec']);
  const { runtimeClassName, hostUsers, podSecurityContext, securityContext, serverEnvs, agentEnvs, nodeSelector } =
    spec.json;
  const pod = { runtimeClassName, hostUsers, securityContext: podSecurityContext, nodeSelector };
  const containers = [
    { json: { name: 'server', securityContext, env: serverEnvs }, at: spec.at },
    { json: { name: 'agent', env: agentEnvs }, at: spec.at },
  ];
  return [{ ...assemble(object, spec, pod, containers, {}), exempt: ['service-links'] }];
}

function assemble(
  object: Map,
  base: Part,
  fields: Map,
  containers: Part[],
  metadata: Map,
  patches: Map[] = [],
): PodTemplate {
  const patchOf = ({ json }: Part) =>
    patches.flatMap((patch) => listOf(patch.containers)).filter((c) => mapOf(c).name === json.name);
  const spec = { ...fields, containers: containers.map((part) => patchOf(part).reduce<Map>(patched, part.json)) };
  const locate = ([list, index, ...rest]: Path) =>
    list === 'containers' && typeof index === 'number' ? [...(containers[index]?.at ?? base.at), ...rest] : undefined;
  return { object, metadata, spec, at: base.at, locate };
}

/** A strategic merge of maps; lists are replaced, those of containers are merged by name where they are assembled. */
function patched(json: Map, patch: Map): Map {
  const result = { ...json };
  for (const [key, value] of Object.entries(patch)) {
    if (key === 'containers') continue;
    result[key] = isObject(value) && isObject(result[key]) ? patched(result[key], value) : value;
  }
  return result;
}

/** A patch is YAML or JSON in a string; one with parameters in it may not be. */
function parsed(patch: Json): Map {
  try {
    return typeof patch === 'string' ? mapOf(yaml.parse(patch, { logLevel: 'silent' })) : {};
  } catch {
    return {};
  }
}

function partAt({ json, at }: Part, path: string[]): Part {
  return { json: mapOf(path.reduce((value: Json, key) => mapOf(value)[key], json)), at: [...at, ...path] };
}

function parts({ json, at }: Part, list: string): Part[] {
  return listOf(json[list]).map((item, i) => ({ json: mapOf(item), at: [...at, list, i] }));
}

function isFilled({ json }: Part): boolean {
  return Object.keys(json).length > 0;
}
