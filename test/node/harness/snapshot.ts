// What lies on a node: every file with mode, owner and content, and the units systemd knows.
import type { Node } from './node';

/** One line per entry, by what it is about: a path or a unit. */
export type Snapshot = ReadonlyMap<string, string>;

export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** Where an installer may write. K3s's own containerd configuration is included, the rest of its data is not. */
const roots = ['/etc', '/usr', '/opt', '/root', '/var/lib', '/srv'];

/** Changed by the running system itself: K3s, the kubelet, systemd's clocks and seeds. */
const volatile = [
  ...['/var/lib/rancher', '/var/lib/kubelet', '/var/lib/cni', '/var/lib/systemd', '/var/lib/private', '/root/.ssh'],
  ...['/etc/rancher/node', '/etc/cni', '/etc/machine-id'],
];

const containerdConfiguration = '/var/lib/rancher/k3s/agent/etc/containerd';

export async function snapshot(node: Node, containerdFolder = containerdConfiguration): Promise<Snapshot> {
  const prune = volatile.map((path) => `-path ${path}`).join(' -o ');
  const find = (folder: string, but = '') =>
    `find ${folder} ${but} \\( -type f -printf '%p\\t%y %#m %U:%G ' -exec sha256sum {} \\; -o ! -type d -printf '%p\\t%y %#m %U:%G %l\\n' -o -printf '%p\\t%y %#m %U:%G\\n' \\)`;
  // sha256sum repeats the name after the sum; the sum alone is kept.
  const files = `{ ${find(roots.join(' '), `\\( ${prune} \\) -prune -o`)}; [ ! -d ${containerdFolder} ] || ${find(containerdFolder)}; }`;
  const units = `systemctl list-unit-files --no-legend --plain --full; systemctl list-timers --all --no-legend --plain --full | awk '{print $(NF-1)}'`;
  const mounts = `findmnt -rn -o TARGET | grep -v -E '^/(run/(k3s|netns|user|credentials)|var/lib/kubelet)' || true`;
  const lines = async (kind: string, script: string): Promise<[string, string][]> =>
    (await node.run(`set -f; ${script}`, { timeoutMs: 15 * 60_000 }))
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [name, rest] = split(line);
        return [`${kind} ${name}`, rest];
      });
  return new Map([...(await lines('file', files)), ...(await lines('unit', units)), ...(await lines('mount', mounts))]);
}

export function difference(before: Snapshot, after: Snapshot): Difference {
  return {
    added: [...after.keys()].filter((key) => !before.has(key)).sort(),
    removed: [...before.keys()].filter((key) => !after.has(key)).sort(),
    changed: [...before.keys()].filter((key) => after.has(key) && after.get(key) !== before.get(key)).sort(),
  };
}

function split(line: string): [string, string] {
  const at = line.search(/\s/);
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}
