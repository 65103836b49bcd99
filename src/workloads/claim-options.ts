import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';

/** A claim for storage: what a pod's own claim asks for. */
export interface ClaimOptions {
  /** How much storage, a whole number of MiB. */
  readonly storage: Size;

  /**
   * Name of the StorageClass.
   *
   * @default - the cluster's default class
   */
  readonly storageClassName?: string;

  /**
   * How nodes may mount it. ReadWriteMany is refused on a special directory: an engine's data has one owner.
   *
   * @default - ReadWriteOnce
   */
  readonly accessModes?: kplus.PersistentVolumeAccessMode[];

  /**
   * Labels of the claim.
   *
   * @default - none
   */
  readonly labels?: Record<string, string>;

  /**
   * Annotations of the claim.
   *
   * @default - none
   */
  readonly annotations?: Record<string, string>;
}
