import { ApiObjectMetadataDefinition } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { IConstruct } from 'constructs';
import { SystemSettings } from './system-settings';

/** A workload of the family, whatever its kind: what a personality (Docker engine, systemd, K3s) is applied to. */
export interface ISystemWorkload extends IConstruct {
  /** What makes the pods of this workload system pods. */
  readonly system: SystemSettings;

  /** Metadata of the pods. */
  readonly podMetadata: ApiObjectMetadataDefinition;

  /** The containers; a copy. */
  readonly containers: kplus.Container[];

  /** The init containers; a copy. */
  readonly initContainers: kplus.Container[];

  /**
   * Add a container with the defaults of a system container.
   *
   * @param cont the container
   */
  addContainer(cont: kplus.ContainerProps): kplus.Container;

  /**
   * Add an init container with the defaults of a system container.
   *
   * @param cont the container
   */
  addInitContainer(cont: kplus.ContainerProps): kplus.Container;

  /**
   * Add a volume.
   *
   * @param vol the volume
   */
  addVolume(vol: kplus.Volume): void;
}
