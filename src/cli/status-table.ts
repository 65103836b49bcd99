import { ClusterStatus, NodeState, NodeStatus } from './status-report';

/** @internal */
export interface TableOptions {
  readonly now: Date;
  /** Print every node, however many there are. */
  readonly all?: boolean;
}

/** More rows than a person reads; then those that need nobody are only counted. */
const MOST_ROWS = 50;

/** Different messages of one reason that are printed. */
const MOST_MESSAGES = 3;

/** The order in which nodes want to be seen, and in which they are counted. */
const STATES: NodeState[] = ['failed', 'pending', 'dry-run', 'ready', 'removed'];

/** The status as a person reads it. @internal */
export function statusTable(status: ClusterStatus, { now, all = false }: TableOptions): string {
  const { nodes, restarting, problems } = status;
  const rows = all ? nodes : mostUrgent(nodes);
  const left = nodes.filter((node) => !rows.includes(node));
  const parts = [
    ...problems.map((problem) => `${problem}\n`),
    nodes.length > 0 ? table(rows, now) : 'No node is selected: kubectl label node <node> sysbox-install=yes\n',
    left.length > 0 ? `not shown: ${counts(left)} (--all shows every node)\n` : '',
    ...reasonsOf(nodes),
    retryOf(nodes),
    nodes.length > 0 ? `${summary(nodes)}${restarting.length > 0 ? `; restarting: ${some(restarting)}` : ''}\n` : '',
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** All of a few; of many, failed nodes before those that are waited for before those that are done. */
function mostUrgent(nodes: NodeStatus[]): NodeStatus[] {
  if (nodes.length <= MOST_ROWS) return nodes;
  return byUrgency(nodes).slice(0, MOST_ROWS);
}

const byUrgency = (nodes: NodeStatus[]) => STATES.flatMap((state) => nodes.filter((node) => node.state === state));

function table(nodes: NodeStatus[], now: Date): string {
  const rows = nodes.map(({ name, role, running, version, revision, stage, since, reason }) => {
    const runtime = running ? 'running' : '-';
    return [name, role, runtime, version || '-', revision ?? '-', stage, since ? age(since, now) : '-', reason ?? ''];
  });
  const all = [['NODE', 'ROLE', 'RUNTIME', 'VERSION', 'REVISION', 'STAGE', 'AGE', 'REASON'], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** As kubectl writes ages. */
function age(since: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(since)) / 1000));
  const units: [number, string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
  ];
  const [size, unit] = units.find(([size]) => seconds >= 2 * size) ?? [1, 's'];
  return `${Math.floor(seconds / size)}${unit}`;
}

/** Each reason once, with its messages and their nodes; the same fault on hundreds of nodes is one paragraph. */
function reasonsOf(nodes: NodeStatus[]): string[] {
  const explained = byUrgency(nodes).filter(({ message, reason }) => message !== undefined || reason !== undefined);
  return groups(explained, ({ reason, remedy }) => `${reason} ${remedy}`).map((group) => {
    const messages = groups(group, ({ message }) => `${message}`);
    const shown = messages.slice(0, MOST_MESSAGES).map((same) => {
      const [{ reason, message }] = same;
      const what = [reason, message].filter((text) => text !== undefined && text !== '').join(': ');
      return `${some(same.map(({ name }) => name))}: ${what}\n`;
    });
    const rest = messages.slice(MOST_MESSAGES).flat();
    const [{ reason, remedy }] = group;
    if (rest.length > 0)
      shown.push(`${some(rest.map(({ name }) => name))}: ${reason ?? 'likewise'} (-o json has each message)\n`);
    return `${shown.join('')}${remedy ? `  Remedy: ${remedy}\n` : ''}`;
  });
}

type Group = [NodeStatus, ...NodeStatus[]];

function groups(nodes: NodeStatus[], keyOf: (node: NodeStatus) => string): Group[] {
  const found = new Map<string, Group>();
  for (const node of nodes) {
    const group = found.get(keyOf(node));
    if (group) group.push(node);
    else found.set(keyOf(node), [node]);
  }
  return [...found.values()];
}

/** A refused node is looked at again by itself, and a change that was rolled back is not: the annotation works for both. */
function retryOf(nodes: NodeStatus[]): string {
  const failed = nodes.filter(({ stage, state }) => stage === 'failed' && state === 'failed');
  const [{ name } = { name: '' }] = failed;
  return failed.length > 0
    ? `When the cause is fixed: kubectl annotate node ${failed.length === 1 ? name : '<node>'} cdk8s-sysbox.io/retry=true\n`
    : '';
}

const summary = (nodes: NodeStatus[]) => `${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}: ${counts(nodes)}`;

function counts(nodes: NodeStatus[]): string {
  return [...STATES]
    .reverse()
    .map((state) => [nodes.filter((node) => node.state === state).length, state] as const)
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${count} ${state}`)
    .join(', ');
}

function some(names: string[]): string {
  const [shown, rest] = [names.slice(0, 5), names.length - 5];
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
