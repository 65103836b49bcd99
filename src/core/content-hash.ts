import { createHash } from 'crypto';

/**
 * A short name for content: the same content gives the same name on every machine.
 *
 * @internal
 */
export function shortHash(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 10);
}
