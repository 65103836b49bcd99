import { spawn } from 'node:child_process';
import { KubeObject } from '../cluster/client';
import { SHELLS } from '../support/shells';
import { PodEnvironment } from './pod';
import { programDirectory } from './rules';

/** The shells that the installer's image may have: Debian's, and bash as `sh` in CentOS 7. */
export const podShells: [string, readonly string[]][] = (['dash', 'bash --posix'] as const).map((name) => [
  name,
  SHELLS[name],
]);

// As coordinator.sh reads them, with two small functions that do not wait.
const prelude = `
set -eu
HERE=${programDirectory}
DRY_RUN=false
REVISION=revision-a
VERIFICATION_CLASS=sysbox-runc-verification VERIFICATION_NAMESPACE=sysbox-verification VERIFICATION_TIMEOUT=20 SCHEDULING=installed
RUNTIME_CLASS=sysbox-runc HANDLER=sysbox-runc NODE_SELECTOR='{"sysbox-install":"yes"}' DRAIN_TIMEOUT=\${DRAIN_TIMEOUT:-3} SLOT_POLL=1 SLOT_EXPIRY=240 CONCURRENCY=1 FAILURE_BUDGET=1
alive() { :; }
interruptible_sleep() { sleep 0.3; }
is_undisturbed() { :; }
. "$HERE/api.sh"
. "$HERE/report.sh"
. "$HERE/slots.sh"
. "$HERE/drain.sh"
. "$HERE/verify-pod.sh"
`;

export interface ShellResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script that uses the functions of the pod's programs. */
export function inPod(
  shell: readonly string[],
  pod: PodEnvironment,
  script: string,
  env: Record<string, string> = {},
): Promise<ShellResult> {
  const [command, ...args] = shell as [string, ...string[]];
  return new Promise((resolve) => {
    const child = spawn(command, [...args, '-c', prelude + script], {
      env: { PATH: process.env.PATH ?? '', ...pod, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.on('close', (status) => resolve({ status, stdout: stdout.trim(), stderr }));
  });
}

/** The verification pod `verify-a` of this installer's node, as verify-pod.sh writes and creates it. */
export async function verificationPod(pod: PodEnvironment): Promise<KubeObject> {
  const script = 'POD=verify-a; create_verification_pod; cat "$SCRATCH/verification-pod"';
  return JSON.parse((await inPod(['dash'], pod, script)).stdout);
}
