import * as kplus from 'cdk8s-plus-30';

/** A field of the pod that appears as a file. Exactly one of `field` and `resource` is given. */
export interface DownwardApiFile {
  /** Path of the file in the volume, relative and without `..`. */
  readonly path: string;

  /**
   * A field of the pod: "metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations",
   * or one label or annotation, as in "metadata.labels['app']".
   *
   * @default - none
   */
  readonly field?: string;

  /**
   * A request or limit of a container.
   *
   * @default - none
   */
  readonly resource?: kplus.ResourceFieldPaths;

  /**
   * Name of the container whose request or limit it is. Needed with `resource`.
   *
   * @default - none
   */
  readonly container?: string;
}
