import { spawnSync } from 'node:child_process';

/** Every shell that a node or an image may have as its sh: that of Debian and Ubuntu, of Alpine and K3s, of Fedora and CentOS. */
export const SHELLS = {
  dash: ['dash'],
  'busybox ash': ['busybox', 'ash'],
  // Without --norc, bash reads .bashrc when its input is a socket, as that of a child of Node is.
  'bash --posix': ['bash', '--norc', '--posix'],
};

export type ShellName = keyof typeof SHELLS;

export const SHELL_NAMES = Object.keys(SHELLS) as ShellName[];

/** The shells to run a pod's programs under: the first that is installed for `npm test`, all of them for `npm run test:shell`. */
export function shellsForPods(names: ShellName[], env?: NodeJS.ProcessEnv): [ShellName, string[]][] {
  const installed = installedShells(names, env);
  return 'EVERY_SHELL' in globalThis ? installed : installed.slice(0, 1);
}

/** Names and commands of the shells that this machine has. A missing one is reported; in CI it is an error. */
export function installedShells(wanted = SHELL_NAMES, env: NodeJS.ProcessEnv = process.env): [ShellName, string[]][] {
  const missing = wanted.filter((name) => spawnSync(SHELLS[name][0] as string, ['--help'], { env }).error);
  if (missing.length > 0) {
    const message = `Programs of pods are NOT tested under ${missing.join(', ')}, which is not on the PATH. Install it (Debian: apt-get install dash busybox-static bash)`;
    if (env.CI || missing.length === wanted.length) throw new Error(message);
    console.warn(`${message}. CI has it`);
  }
  return wanted.filter((name) => !missing.includes(name)).map((name) => [name, SHELLS[name]]);
}
