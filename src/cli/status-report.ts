import { Json, listOf, mapOf, textOf } from '../core/json';
import { ANNOTATION_PREFIX, NodeLabels } from '../core/labels';
import { ClusterObjects } from './status-cluster';
import { REASONS } from './reasons';

/** `removed` and `dry-run` are ends as `ready` is: nothing further happens by itself. @internal */
export type NodeState = 'ready' | 'removed' | 'dry-run' | 'pending' | 'failed';

/** @internal */
export interface NodeStatus {
  readonly name: string;
  readonly role: 'server' | 'agent';
  readonly state: NodeState;
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
export const isDone = ({ nodes }: ClusterStatus) => nodes.every(({ state }) => state !== 'pending');

/** @internal */
export const hasFailed = ({ nodes, problems }: ClusterStatus) =>
  problems.length > 0 || nodes.some(({ state }) => state === 'failed');

/** @internal */
export function clusterStatus(objects: ClusterObjects, now: Date): ClusterStatus {
  const installerOn = installers(objects);
  const selects = nodeSelection(objects.daemonSets);
  const nodes = objects.nodes
    .filter((node) => selects(node) || annotation(node, 'stage') !== undefined || isRunning(node))
    .map((node) => nodeStatus(node, selects(node) ? installerOn(node) : 'absent', objects.events, now))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
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

function nodeStatus(node: Json, installer: Installer, events: Json[], now: Date): NodeStatus {
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
    ...judged(node, installer, events, now),
  };
}

type Judgement = Pick<NodeStatus, 'state' | 'stage' | 'reason' | 'message' | 'remedy'>;

/**
 * The installer of a node. What an older pod has reported says nothing about the newest manifests, and a pod is Ready when its node is done
 * with them. `absent`: there is no DaemonSet for the node, and what is on the node is all there is to know.
 */
type Installer = 'absent' | 'missing' | 'outdated' | { readonly pod: Json };

function installers({ daemonSets, pods }: ClusterObjects): (node: Json) => Installer {
  const [daemonSet] = daemonSets;
  if (!daemonSet) return () => 'absent';
  const isOutdated = outdated(daemonSet);
  const podOf = new Map(
    pods.filter(({ metadata }) => !metadata?.deletionTimestamp).map((pod) => [textOf(pod.spec?.nodeName), pod]),
  );
  return (node) => {
    const pod = podOf.get(textOf(node.metadata?.name));
    if (!pod) return 'missing';
    return isOutdated(pod) ? 'outdated' : { pod };
  };
}

/** As the DaemonSet controller judges it (kubernetes pkg/controller/daemon/util, IsPodUpdated), as far as its objects tell. */
function outdated({ metadata, status }: Json): (pod: Json) => boolean {
  const generation = mapOf(metadata?.annotations)['deprecated.daemonset.template.generation'];
  const isObserved = !(status?.observedGeneration < metadata?.generation);
  const allUpdated = isObserved && status?.updatedNumberScheduled >= status?.desiredNumberScheduled;
  return (pod) => {
    const own = mapOf(pod.metadata?.labels)['pod-template-generation'];
    return !allUpdated && generation !== undefined && own !== undefined && own !== generation;
  };
}

function judged(node: Json, installer: Installer, events: Json[], now: Date): Judgement {
  const stage = annotation(node, 'stage') ?? '-';
  const reason = annotation(node, 'reason');
  const message = annotation(node, 'message');
  const pending = (why: string): Judgement => ({ state: 'pending', stage, message: why });
  const pod = typeof installer === 'object' ? installer.pod : undefined;
  const stuck = pod && waitingIn(pod);
  const isStale = pod && isStarting(pod, lastChange(node), now);
  if (installer === 'outdated') return pending("the installer's pod is being replaced");
  if (installer === 'missing') return pending(isReady(node) ? 'no installer pod is on the node yet' : NOT_READY);
  if (stage === 'failed' && annotation(node, 'retry') === 'true') return pending('a retry was requested');
  if (stage === 'failed' && !isStale) return { state: 'failed', stage, reason, message, remedy: remedyOf(reason) };
  if (stuck) return { state: 'failed', stage, ...stuck };
  if (!isReady(node)) return pending(NOT_READY);
  if (reason === 'DryRun' && !isStale) return { state: 'dry-run', stage, reason, message, remedy: remedyOf(reason) };
  if (!pod || isReady(pod)) {
    if (stage === 'removed') return { state: 'removed', stage };
    if (stage === 'ready' && isRunning(node)) return { state: 'ready', stage, ...warningOf(node, message, events) };
  }
  if (reason && !isStale) return { state: 'pending', stage, reason, message, remedy: remedyOf(reason) };
  return pending((isEnd(stage) ? undefined : message) ?? 'the installer has not reported yet');
}

/** What is said at the end of a change belongs to it, and not to the next one. */
const isEnd = (stage: string) => ['ready', 'removed', 'failed'].includes(stage);

const NOT_READY = 'the node is not Ready';

/** How long a pod takes to its first report. One that finds what the node says already writes nothing. */
const FIRST_REPORT_MILLISECONDS = 60_000;

/** Whether a report of this time is of an earlier pod, and this one has not had the time for its own. */
function isStarting(pod: Json, reported: string | undefined, now: Date): boolean {
  const states = listOf(pod.status?.containerStatuses).map(({ state }) => mapOf(state));
  const [startedAt] = states.map(({ running }) => textOf(running?.startedAt)).filter((time) => time !== '');
  // One that ends over and over has reported (InstallerError).
  if (startedAt === undefined)
    return states.some(({ waiting }) => waiting !== undefined && waiting.reason !== 'CrashLoopBackOff');
  return (
    Date.parse(startedAt) > Date.parse(reported ?? '') &&
    now.getTime() - Date.parse(startedAt) < FIRST_REPORT_MILLISECONDS
  );
}

const isReady = ({ status }: Json) =>
  listOf(status?.conditions).some(({ type, status: is }) => type === 'Ready' && is === 'True');

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
    return nodes.some((node) => isRunning(node) || annotation(node, 'stage') === 'removed')
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
