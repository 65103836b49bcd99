// Waiting for a condition on a node, with an error that shows what was last seen.
import { sleep } from './host';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** @default 2 seconds */
  readonly everyMs?: number;
}

/** Polls until `probe` gives something else than undefined or false; an error inside the probe counts as "not yet". */
export async function waitFor<T>(
  what: string,
  options: WaitOptions,
  probe: (last: (seen: string) => void) => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + options.timeoutMs;
  let seen = 'nothing yet';
  for (;;) {
    try {
      const value = await probe((text) => (seen = text));
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      seen = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${options.timeoutMs / 1000} s; last seen: ${seen}`);
    await sleep(options.everyMs ?? 2_000);
  }
}
