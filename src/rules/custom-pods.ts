import { isObject, Json, mapOf, Path } from '../core/json';
import { argoPods } from './argo-pods';
import { assemble, JsonMap, Part, partAt, parts } from './assembled-pod';
import { PodTemplate } from './pod-template';
import { References } from './references';
import { pipelineRunPods, taskRunPods } from './tekton-pods';

type FindPods = (object: JsonMap, spec: Part, references: References) => PodTemplate[];

/**
 * Custom resources that describe a pod in another form than a pod spec, by group and kind: where its spec is, and what reads
 * it. All others are searched for pod specs: agent sandboxes, KEDA, JobSet, Ray, Volcano, Knative, Kueue, runner scale sets and
 * whatever else embeds one.
 *
 * Sources: next to each of them, and actions-runner-controller apis/actions.summerwind.net/v1alpha1/runner_types.go; rancher/k3k
 * pkg/apis/k3k.io/v1beta1/types.go.
 */
const CUSTOM_PODS: Record<string, readonly [string[], FindPods]> = {
  'argoproj.io/Workflow': [['spec'], argoPods],
  'argoproj.io/WorkflowTemplate': [['spec'], argoPods],
  'argoproj.io/ClusterWorkflowTemplate': [['spec'], argoPods],
  'argoproj.io/CronWorkflow': [['spec', 'workflowSpec'], argoPods],
  'tekton.dev/TaskRun': [['spec'], taskRunPods],
  'tekton.dev/PipelineRun': [['spec'], pipelineRunPods],
  'actions.summerwind.dev/Runner': [[], runner],
  'actions.summerwind.dev/RunnerReplicaSet': [['spec', 'template'], runner],
  'actions.summerwind.dev/RunnerDeployment': [['spec', 'template'], runner],
  'k3k.io/Cluster': [['spec'], k3k],
  'k3k.io/VirtualClusterPolicy': [['spec'], k3k],
};

/**
 * The pods of a custom resource of such a kind; undefined for all others.
 *
 * @internal
 */
export function customPods(kind: string, object: JsonMap, at: Path, references: References): PodTemplate[] | undefined {
  const [path, find] = CUSTOM_PODS[kind] ?? [];
  return path && find ? find(object, partAt({ json: object, at }, path), references) : undefined;
}

/** The container of the runner is described by fields next to those of the pod; one with Docker is added unless they say otherwise. */
function runner(object: JsonMap, holder: Part): PodTemplate[] {
  const spec = partAt(holder, ['spec']);
  const { image, env, envFrom, volumeMounts, resources } = spec.json;
  const given = [...parts(spec, 'containers'), ...parts(spec, 'sidecarContainers')];
  const own = { json: { name: 'runner', image, env, envFrom, volumeMounts, resources }, at: spec.at };
  const named = (name: string) => given.find(({ json }) => json.name === name);
  const withRunner = named('runner') ? given : [own, ...given];
  const containers = named('docker') || !addsDocker(spec) ? withRunner : [...withRunner, docker(spec)];
  const metadata: Json = holder.json === object ? {} : holder.json.metadata;
  return [
    assemble(
      object,
      spec,
      spec.json,
      containers.map((container) => (isPrivilegedRunner(container, spec) ? privileged(container) : container)),
      mapOf(metadata),
    ),
  ];
}

function addsDocker({ json }: Part): boolean {
  return (
    json.dockerEnabled !== false && json.dockerdWithinRunnerContainer !== true && json.containerMode !== 'kubernetes'
  );
}

function docker({ json, at }: Part): Part {
  return {
    json: { name: 'docker', image: 'docker:dind', volumeMounts: json.dockerVolumeMounts },
    at: [...at, 'dockerEnabled'],
    referenced: true,
  };
}

/** The controller makes the container with dockerd privileged, but for one with a securityContext next to the runner. */
function isPrivilegedRunner({ json }: Part, { json: spec }: Part): boolean {
  if (spec.containerMode === 'kubernetes' || isObject(mapOf(spec.securityContext).seLinuxOptions)) return false;
  if (spec.dockerdWithinRunnerContainer === true) return json.name === 'runner';
  return spec.dockerEnabled !== false && json.name === 'docker' && json.securityContext === undefined;
}

function privileged(container: Part): Part {
  return {
    ...container,
    json: { ...container.json, securityContext: { ...container.json.securityContext, privileged: true } },
  };
}

/** The pods of servers and agents; K3k itself decides on service links. */
function k3k(object: JsonMap, spec: Part): PodTemplate[] {
  const { runtimeClassName, hostUsers, podSecurityContext, securityContext, serverEnvs, agentEnvs, nodeSelector } =
    spec.json;
  const pod = { runtimeClassName, hostUsers, securityContext: podSecurityContext, nodeSelector };
  const containers = [
    { json: { name: 'server', securityContext, env: serverEnvs }, at: spec.at },
    { json: { name: 'agent', env: agentEnvs }, at: spec.at },
  ];
  return [{ ...assemble(object, spec, pod, containers, {}), exempt: ['service-links'] }];
}
