// What the installer's container costs while nothing happens, from its cgroup on the node.
import type { Node } from './node';

export interface Idle {
  /** The working set, as the kubelet counts it: without the page cache of what was copied once, which the kernel takes back. */
  readonly memoryMiB: number;
  /** Thousandths of a CPU. */
  readonly cpuMillis: number;
  /** What the memory is, in MiB, by the names of memory.stat. */
  readonly kinds: Record<string, number>;
}

export async function idleCost(node: Node, seconds: number): Promise<Idle> {
  const output = await node.run(
    `pid=$(pgrep -o -f '[/]programs/coordinator.sh')
    cd "/sys/fs/cgroup$(sed s/^0::// /proc/$pid/cgroup)"
    look() { cut -d' ' -f1 /proc/uptime; awk '/^usage_usec/ { print $2 }' cpu.stat; echo $(($(cat memory.current) - $(awk '/^inactive_file/ { print $2 }' memory.stat))); }
    look; sleep ${seconds}; look; grep -E '^(anon|kernel|active_file|inactive_file) ' memory.stat`,
    { timeoutMs: (seconds + 120) * 1000 },
  );
  const [start, used, , end, usedThen, memory] = output.split('\n').map(Number) as number[];
  const kinds = [...output.matchAll(/^([a-z_]+) (\d+)$/gm)].map(([, name, bytes]) => [name, Number(bytes) / 2 ** 20]);
  return {
    kinds: Object.fromEntries(kinds) as Record<string, number>,
    memoryMiB: memory! / 1024 / 1024,
    cpuMillis: (usedThen! - used!) / 1000 / (end! - start!),
  };
}
