import { Json, listOf, mapOf, textOf } from '../core/json';
import { ANNOTATION_PREFIX, NodeLabels } from '../core/labels';
import { ClusterObjects } from './status-cluster';
import { REASONS } from './reasons';

/** @internal */
export interface NodeStatus {
  readonly name: string;
  readonly role: 'server' | 'agent';
  readonly state: 'ready' | 'pending' | 'failed';
  /** Whether the node carries sysbox-runtime=running. */
  readonly running: boolean;
  /** The kubelet's version. */
  readonly version: string;
  readonly revision?: string;
  readonly stage: string;
  /** When the installer last changed the node. */
  readonly since?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly remedy?: string;
}

/** @internal */
export interface ClusterStatus {
  readonly nodes: NodeStatus[];
  /** The nodes that may restart K3s now. */
  readonly restarting: string[];
  /** What keeps the installer itself from running. */
  readonly problems: string[];
}

/** Whether nothing is left to wait for. @internal */
export const isDone = ({ nodes }: ClusterStatus) => nodes.every(({ state }) => state === 'ready');

/** @internal */
export const hasFailed = ({ nodes, problems }: ClusterStatus) =>
  problems.length > 0 || nodes.some(({ state }) => state === 'failed');

/** @internal */
export function clusterStatus(objects: ClusterObjects): ClusterStatus {
  const podOf = new Map(objects.pods.map((pod) => [textOf(pod.spec?.nodeName), pod]));
  const selects = nodeSelection(objects.daemonSets);
  const nodes = objects.nodes
    .filter((node) => selects(node) || annotation(node, 'stage') !== undefined || isRunning(node))
    .map((node) => nodeStatus(node, podOf.get(textOf(node.metadata?.name)), objects))
    .sort((a, b) => a.name.localeCompare(b.name));
  return {
    nodes,
    restarting: objects.rollouts.flatMap(slotHolders).sort(),
    problems: problemsOf(objects),
  };
}

function nodeSelection(daemonSets: Json[]): (node: Json) => boolean {
  const selectors = daemonSets.map(({ spec }) => mapOf(spec?.template?.spec?.nodeSelector));
  const all = selectors.length > 0 ? selectors : [{ [NodeLabels.INSTALL]: 'yes' }];
  return (node) => {
    const labels = mapOf(node.metadata?.labels);
    return all.some((selector) => Object.entries(selector).every(([key, value]) => labels[key] === value));
  };
}

/** Entries `<node>/slot: held …` are between grant and release (slots.jq). */
function slotHolders(rollout: Json): string[] {
  return Object.entries(mapOf(rollout.metadata?.annotations))
    .filter(([key, value]) => key.endsWith('/slot') && textOf(value).startsWith('held '))
    .map(([key]) => key.slice(0, -'/slot'.length));
}

function nodeStatus(node: Json, pod: Json | undefined, objects: ClusterObjects): NodeStatus {
  const labels = mapOf(node.metadata?.labels);
  const name = textOf(node.metadata?.name);
  const isServer = ['control-plane', 'etcd'].some((role) => `node-role.kubernetes.io/${role}` in labels);
  return {
    name,
    role: isServer ? 'server' : 'agent',
    running: isRunning(node),
    version: textOf(node.status?.nodeInfo?.kubeletVersion),
    revision: annotation(node, 'revision'),
    since: lastChange(node),
    ...judged(node, pod, objects),
  };
}

type Judgement = Pick<NodeStatus, 'state' | 'stage' | 'reason' | 'message' | 'remedy'>;

function judged(node: Json, pod: Json | undefined, { rollouts, events }: ClusterObjects): Judgement {
  const stage = annotation(node, 'stage');
  const reason = annotation(node, 'reason');
  const message = annotation(node, 'message');
  const stuck = pod && waitingIn(pod);
  if (stage === 'failed') return { state: 'failed', stage, reason, message, remedy: remedyOf(reason) };
  if (stuck) return { state: 'failed', stage: stage ?? '-', ...stuck };
  const [target] = rollouts.map((rollout) => annotation(rollout, 'revision'));
  const isCurrent = target === undefined || annotation(node, 'revision') === target;
  if (isCurrent && (stage === 'removed' || (stage === 'ready' && isRunning(node)))) {
    return { state: 'ready', stage, ...warningOf(node, message, events) };
  }
  const why = reason ? { reason, message, remedy: remedyOf(reason) } : waitsFor(node, pod);
  return { state: 'pending', stage: stage ?? '-', ...why };
}

/** Why the kubelet does not start the installer's pod; CrashLoopBackOff and the like. */
function waitingIn(pod: Json): Omit<Judgement, 'state' | 'stage'> | undefined {
  const waiting = listOf(pod.status?.containerStatuses)
    .map(({ state }) => mapOf(state?.waiting))
    .find(({ reason }) => reason !== undefined && !['ContainerCreating', 'PodInitializing'].includes(textOf(reason)));
  if (!waiting) return undefined;
  const reason = textOf(waiting.reason);
  const { name, namespace } = pod.metadata;
  const remedy = /ImagePull|InvalidImage/.test(reason)
    ? 'correct the image, its registry or the pull secrets'
    : `kubectl -n ${namespace} logs ${name} --previous`;
  return { reason, message: textOf(waiting.message), remedy };
}

function waitsFor(node: Json, pod: Json | undefined): { message: string } {
  const ready = listOf(node.status?.conditions).find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True') return { message: 'the node is not Ready' };
  if (!pod) return { message: 'no installer pod is on the node yet' };
  return { message: 'the installer has not reported yet' };
}

/** The warning of a node that is ready: on its annotation, or the newest Event about it. */
function warningOf(node: Json, message: string | undefined, events: Json[]): Partial<Judgement> {
  if (message === undefined) return {};
  const [newest] = events
    .filter(
      ({ involvedObject, source }) =>
        involvedObject?.kind === 'Node' &&
        source?.component === 'cdk8s-sysbox' &&
        involvedObject.name === node.metadata?.name,
    )
    .sort((a, b) => textOf(b.lastTimestamp).localeCompare(textOf(a.lastTimestamp)));
  const reason = textOf(newest?.reason) || 'PreflightWarning';
  return { reason, message, remedy: remedyOf(reason) };
}

/** What keeps pods of the installer from being created: Pod Security, a quota, a missing ServiceAccount. */
function problemsOf({ daemonSets, nodes, events }: ClusterObjects): string[] {
  const [daemonSet] = daemonSets;
  if (!daemonSet)
    return nodes.some(isRunning)
      ? []
      : ['the installer is not in this cluster: no DaemonSet is labelled app.kubernetes.io/name=sysbox-installer'];
  const { name, namespace } = daemonSet.metadata;
  const failed = events
    .filter(
      ({ involvedObject: about }) =>
        about?.kind === 'DaemonSet' && about.name === name && about.namespace === namespace,
    )
    .map(({ reason, message }) => `DaemonSet ${namespace}/${name}: ${textOf(reason)}: ${textOf(message)}`);
  const status = mapOf(daemonSet.status);
  return status.currentNumberScheduled < status.desiredNumberScheduled ? [...new Set(failed)] : [];
}

function isRunning(node: Json): boolean {
  return mapOf(node.metadata?.labels)[NodeLabels.RUNTIME] === 'running';
}

function annotation(node: Json, name: string): string | undefined {
  return mapOf(node.metadata?.annotations)[`${ANNOTATION_PREFIX}${name}`];
}

/** The API server keeps the time of each manager's last change; the installer is the one that owns the stage. */
function lastChange(node: Json): string | undefined {
  const owner = listOf(node.metadata?.managedFields).find(
    ({ fieldsV1 }) => `f:${ANNOTATION_PREFIX}stage` in mapOf(fieldsV1?.['f:metadata']?.['f:annotations']),
  );
  return owner?.time;
}

function remedyOf(reason: string | undefined): string | undefined {
  return (reason !== undefined && REASONS[reason]?.remedy) || undefined;
}
