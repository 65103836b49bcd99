// What lies on a node: every file with mode, owner and content, and the units systemd knows.
import type { Node } from './node';

/** What is known of each thing, by its kind and name: `entry /etc/fstab`, `content /etc/fstab`, `unit ssh.service`. */
export type Snapshot = ReadonlyMap<string, string>;

export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** Where an installer may write. K3s's own containerd configuration is included, the rest of its data is not. */
const roots = ['/etc', '/usr', '/opt', '/root', '/var/lib', '/srv'];

/** Changed by the running system itself: K3s, the kubelet, the engines' stores, systemd's clocks and seeds. */
const volatile = [
  ...['/var/lib/rancher', '/var/lib/kubelet', '/var/lib/cni', '/var/lib/systemd', '/var/lib/private', '/root/.ssh'],
  ...['/var/lib/containerd', '/var/lib/containers', '/var/lib/crio', '/var/lib/k0s'],
  ...['/etc/rancher/node', '/etc/cni', '/etc/machine-id'],
];

const containerdConfiguration = '/var/lib/rancher/k3s/agent/etc/containerd';

export async function snapshot(node: Node, containerdDirectory = containerdConfiguration): Promise<Snapshot> {
  const prune = volatile.map((path) => `-path ${path}`).join(' -o ');
  // Twice the same walk: what each entry is, then one sha256sum for all files (one per file takes minutes when emulated).
  const walk = (action: string) =>
    `{ find ${roots.join(' ')} \\( ${prune} \\) -prune -o ${action}; ` +
    `[ ! -d ${containerdDirectory} ] || find ${containerdDirectory} ${action}; }`;
  const entries = walk(`-printf '%p\\t%y %#m %U:%G %l\\n'`);
  const contents = `${walk('-type f -print0')} | xargs -0 sha256sum | sed -E 's/^([0-9a-f]+)  (.*)$/\\2\\t\\1/'`;
  // So do those of pods, the installer's own among them, which stays to hold the desired state.
  const units = `systemctl list-unit-files --no-legend --plain --full | grep -v -E '^(cri-containerd-|crio-|kubepods)' | sed -E 's/ +/\\t/'`;
  const timers = `systemctl list-timers --all --no-legend --plain --full | awk '{ print $(NF-1) }'`;
  // Mounts of pods come and go; the others are an installer's to clean up.
  const mounts = `findmnt -rn -o TARGET | grep -v -E '^/(run/(k3s|k0s|containerd|containers|(net|ipc|uts|user)ns|user|credentials)|var/lib/(kubelet|containers|k0s))'`;
  const found: [string, string][] = [];
  for (const [kind, script] of Object.entries({
    entry: entries,
    content: contents,
    unit: units,
    timer: timers,
    mount: mounts,
  })) {
    // On a busy machine systemd's answer can take longer than systemctl waits by default, 25 s.
    const output = await node.run(`set -o pipefail; export SYSTEMD_BUS_TIMEOUT=300; ${script}`, {
      timeoutMs: 15 * 60_000,
    });
    for (const line of output.split('\n').filter(Boolean)) {
      const [name, ...rest] = line.split('\t');
      found.push([`${kind} ${name}`, rest.join('\t').trim()]);
    }
  }
  return new Map(found);
}

export function difference(before: Snapshot, after: Snapshot): Difference {
  return {
    added: [...after.keys()].filter((key) => !before.has(key)).sort(),
    removed: [...before.keys()].filter((key) => !after.has(key)).sort(),
    changed: [...before.keys()].filter((key) => after.has(key) && after.get(key) !== before.get(key)).sort(),
  };
}
