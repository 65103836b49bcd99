// Stops the installer at a stage of its transaction, so that a test can cut the power there.
import type { Node } from './node';

export type Stage = 'staged' | 'validated' | 'committed' | 'restarted' | 'verified' | 'rolling-back';

/** How a stage shows in what the host program writes: status.json says what it reports, the journal what must not be lost. */
function condition(stage: Stage): string {
  switch (stage) {
    case 'staged':
    case 'validated':
      return `[[ $status == *'"stage":"${stage}"'* ]]`;
    default:
      return `[[ $journal == *$'\\nstate=${stage}\\n'* ]]`;
  }
}

/**
 * Waits inside the node, without a fork per look, and freezes the host program and the coordinator as soon as the stage is
 * reached. Resolves to what was reached; the next act on the node can only be a power cut. What was seen is also on the disk:
 * a cut between a rename and its flush would be one of the stage before.
 */
export function heldAt(node: Node, stage: Stage, timeoutMs = 40 * 60_000): Promise<string> {
  return node.run(
    `exec 9<> <(:)
    directory=/var/lib/cdk8s-sysbox
    look() {
      IFS= read -r -d '' status <$directory/status.json
      IFS= read -r -d '' journal <$directory/journal
      journal=$'\\n'$journal
    } 2>/dev/null
    until look; ${condition(stage)}; do read -r -t 0.2 -u 9; done
    freeze() { echo 1 2>/dev/null >"/sys/fs/cgroup$1/cgroup.freeze"; }
    { freeze /system.slice/cdk8s-sysbox-run.service
      for pid in $(pgrep -f '[/]programs/coordinator.sh'); do freeze "$(sed s/^0::// /proc/$pid/cgroup)"; done
    } 2>/dev/null
    sync $directory
    look
    printf '%s\\n%s' "$status" "$journal"`,
    { timeoutMs },
  );
}
