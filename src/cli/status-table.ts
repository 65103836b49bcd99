import { ClusterStatus, NodeStatus } from './status-report';

/** The status as a person reads it. @internal */
export function statusTable(status: ClusterStatus, now: Date): string {
  const { nodes, restarting, problems } = status;
  const parts = [
    ...problems.map((problem) => `${problem}\n`),
    nodes.length > 0 ? table(nodes, now) : 'No node is selected: kubectl label node <node> sysbox-install=yes\n',
    ...reasonsOf(nodes),
    nodes.length > 0 ? `${summary(nodes)}${restarting.length > 0 ? `; restarting: ${some(restarting)}` : ''}\n` : '',
  ];
  return parts.filter((part) => part !== '').join('\n');
}

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

/** Each reason once, with the nodes that have it; the same fault on hundreds of nodes is one paragraph. */
function reasonsOf(nodes: NodeStatus[]): string[] {
  const groups = new Map<string, NodeStatus[]>();
  for (const node of nodes.filter(({ message, reason }) => message !== undefined || reason !== undefined)) {
    const key = `${node.reason} ${node.remedy}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return [...groups.values()].map((group) => {
    const [{ reason, message, remedy }] = group as [NodeStatus, ...NodeStatus[]];
    const what = [reason, message].filter((text) => text !== undefined && text !== '').join(': ');
    return `${some(group.map(({ name }) => name))}: ${what}\n${remedy ? `  Remedy: ${remedy}\n` : ''}`;
  });
}

function summary(nodes: NodeStatus[]): string {
  const count = (state: NodeStatus['state']) => `${nodes.filter((node) => node.state === state).length} ${state}`;
  return `${nodes.length} nodes: ${count('ready')}, ${count('pending')}, ${count('failed')}`;
}

function some(names: string[]): string {
  const [shown, rest] = [names.slice(0, 5), names.length - 5];
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
