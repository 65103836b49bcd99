import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { textOf } from '../core/quantities';

/** Resources that a pod takes beyond its containers. */
export interface PodOverhead {
  /**
   * Processor time.
   *
   * @default - none
   */
  readonly cpu?: kplus.Cpu;

  /**
   * Memory.
   *
   * @default - none
   */
  readonly memory?: Size;

  /**
   * Room on the node's disk.
   *
   * @default - none
   */
  readonly ephemeralStorage?: Size;
}

/**
 * Quantities by resource name, as they are in a manifest; absent when nothing is given.
 *
 * @internal
 */
export function overheadOf(overhead: PodOverhead | undefined): Record<string, string> | undefined {
  const { cpu, memory, ephemeralStorage } = overhead ?? {};
  const given = { cpu, 'ephemeral-storage': ephemeralStorage, memory };
  const texts = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, textOf(value)]]));
  return texts.length > 0 ? Object.fromEntries(texts) : undefined;
}
