/** What becomes of an object when it expires. */
export enum AgentShutdownPolicy {
  /** It is deleted. */
  DELETE = 'Delete',

  /** It is deleted after its sandbox and pod are gone. Of claims only. */
  DELETE_FOREGROUND = 'DeleteForeground',

  /** It is kept, and its status says that it expired. */
  RETAIN = 'Retain',
}

/**
 * A time as Kubernetes writes it, in whole seconds.
 *
 * @internal
 */
export function timestamp(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
