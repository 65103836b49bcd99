import { Json, textOf } from '../core/json';

/**
 * The API group of an object; empty for the core group.
 *
 * @internal
 */
export function groupOf(object: Record<string, Json>): string {
  const apiVersion = textOf(object.apiVersion);
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : '';
}
