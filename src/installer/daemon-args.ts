/** Arguments of Sysbox's daemons. */
export interface SysboxDaemonOptions {
  /**
   * Arguments of sysbox-mgr, such as `--log-level=debug`. Refused: unknown flags, and `--data-root`, since sysbox-mgr
   * removes everything in that directory at every start (its cleanupWorkDirs).
   *
   * @default ["--disable-inner-image-preload"], as upstream on Kubernetes
   */
  readonly managerArgs?: string[];

  /**
   * Arguments of sysbox-fs, such as `--seccomp-fd-release=proc-exit`. Refused: unknown flags.
   *
   * @default - none
   */
  readonly fsArgs?: string[];
}

// Flags of v0.7.1: sysbox-mgr and sysbox-fs main.go.
const MANAGER_FLAGS = [
  'log',
  'log-level',
  'log-format',
  'alias-dns',
  'disable-shiftfs',
  'disable-shiftfs-on-fuse',
  'disable-shiftfs-precheck',
  'disable-idmapped-mount',
  'disable-rootfs-cloning',
  'disable-ovfs-on-idmapped-mount',
  'disable-inner-image-preload',
  'ignore-sysfs-chown',
  'allow-trusted-xattr',
  'honor-caps',
  'syscont-mode',
  'relaxed-read-only',
  'fsuid-map-fail-on-error',
];
const FS_FLAGS = [
  'mountpoint',
  'allow-immutable-remounts',
  'allow-immutable-unmounts',
  'seccomp-fd-release',
  'log',
  'log-level',
  'log-format',
];

/** @internal */
export function managerArgs(options: SysboxDaemonOptions, where: string): string {
  const given = options.managerArgs ?? ['--disable-inner-image-preload'];
  if (given.some((arg) => /^--?data-root(=|$)/.test(arg))) {
    throw new Error(
      `${where}: managerArgs has --data-root. sysbox-mgr removes everything in that directory at every start; mount a disk at /var/lib/sysbox instead`,
    );
  }
  return checked(given, MANAGER_FLAGS, `${where}: managerArgs`);
}

/** @internal */
export function fsArgs(options: SysboxDaemonOptions, where: string): string {
  return checked(options.fsArgs ?? [], FS_FLAGS, `${where}: fsArgs`);
}

function checked(args: string[], flags: string[], what: string): string {
  for (const arg of args) {
    const match = /^--([a-z-]+)(=[A-Za-z0-9_./:,-]+)?$/.exec(arg);
    if (!match || !flags.includes(match[1] ?? '')) {
      throw new Error(
        `${what}: '${arg}' is not a flag of this daemon. Write --flag or --flag=value, with one of: ${flags.join(', ')}`,
      );
    }
  }
  return args.join(' ');
}
