// What a pod costs while nothing happens, from its cgroup on the node: that of all its containers and of the probes that run in them.
import type { Cluster } from './kubectl';
import type { Node } from './node';

export interface Idle {
  /** The working set, as the kubelet counts it: without the page cache of what was copied once, which the kernel takes back. */
  readonly memoryMiB: number;
  /** Thousandths of a CPU. */
  readonly cpuMillis: number;
  /** What the memory is, in MiB, by the names of memory.stat. */
  readonly kinds: Record<string, number>;
  /** Processes and threads started per minute on the whole node, its kubelet and containerd included. */
  readonly startedPerMinute: number;
}

export async function idleCost(
  node: Node,
  cluster: Cluster,
  pod: string,
  namespace: string,
  seconds: number,
): Promise<Idle> {
  const { metadata } = await cluster.get<{ metadata: { uid: string } }>('pod', pod, '-n', namespace);
  const slice = `*pod${metadata.uid.replaceAll('-', '_')}.slice`;
  const output = await node.run(
    `cd "$(find /sys/fs/cgroup/kubepods.slice -type d -name '${slice}' | head -n 1)"
    look() {
      cut -d' ' -f1 /proc/uptime
      awk '/^usage_usec/ { print $2 }' cpu.stat
      echo $(($(cat memory.current) - $(awk '/^inactive_file/ { print $2 }' memory.stat)))
      awk '/^processes/ { print $2 }' /proc/stat
    }
    look; sleep ${seconds}; look; grep -E '^(anon|kernel|active_file|inactive_file) ' memory.stat`,
    { timeoutMs: (seconds + 300) * 1000 },
  );
  const [start, used, , started, end, usedThen, memory, startedThen] = output.split('\n').map(Number) as number[];
  const kinds = [...output.matchAll(/^([a-z_]+) (\d+)$/gm)].map(([, name, bytes]) => [name, Number(bytes) / 2 ** 20]);
  return {
    kinds: Object.fromEntries(kinds) as Record<string, number>,
    memoryMiB: memory! / 1024 / 1024,
    cpuMillis: (usedThen! - used!) / 1000 / (end! - start!),
    startedPerMinute: ((startedThen! - started!) / (end! - start!)) * 60,
  };
}

/** As a line for the table in docs/verified.md. */
export function idleRow(what: string, { memoryMiB, cpuMillis, startedPerMinute, kinds }: Idle): string {
  const parts = Object.entries(kinds).map(([name, size]) => `${name} ${size.toFixed(1)}`);
  const values = [cpuMillis.toFixed(1), memoryMiB.toFixed(1), startedPerMinute.toFixed(0)];
  return `| ${what} | ${values.join(' | ')} |   (${parts.join(', ')} MiB)\n`;
}
