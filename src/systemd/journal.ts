import { Size } from 'cdk8s';

/** The least important messages that are still forwarded (syslog levels, journald.conf(5)). */
export enum JournalLevel {
  ERROR = 'err',
  WARNING = 'warning',
  NOTICE = 'notice',
  INFO = 'info',
  DEBUG = 'debug',
}

/** The journal of a systemd machine. */
export interface SystemdJournalOptions {
  /**
   * Show the journal, and systemd's own messages at start and stop, in `kubectl logs`. The container gets a terminal for
   * it: without one systemd has no console (measured).
   *
   * @default true
   */
  readonly forwardToConsole?: boolean;

  /**
   * The least important messages that are in `kubectl logs`.
   *
   * @default JournalLevel.INFO
   */
  readonly level?: JournalLevel;

  /**
   * How much room the journal may take inside.
   *
   * @default - journald's: a tenth of the filesystem it is on, that is 6 MB of the 64 MB of /run
   */
  readonly maxSize?: Size;
}

/**
 * The drop-in of journald.conf.
 *
 * @internal
 */
export function journalDropIn(options: SystemdJournalOptions): string {
  const max = options.maxSize && `${options.maxSize.toMebibytes()}M`;
  const settings = [
    ...(options.forwardToConsole === false
      ? []
      : ['ForwardToConsole=yes', 'TTYPath=/dev/console', `MaxLevelConsole=${options.level ?? JournalLevel.INFO}`]),
    ...(max === undefined ? [] : [`SystemMaxUse=${max}`, `RuntimeMaxUse=${max}`]),
  ];
  return ['[Journal]', ...settings, ''].join('\n');
}
