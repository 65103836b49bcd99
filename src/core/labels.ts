/**
 * Name of the RuntimeClass of the upstream Sysbox manifests.
 *
 * @internal
 */
export const DEFAULT_RUNTIME_CLASS = 'sysbox-runc';

/** Labels and the taint of nodes. They are those of upstream's manifests, so that a cluster can move over as it is. */
export class NodeLabels {
  /** A node with `sysbox-install=yes` gets the runtime. Set by the administrator. */
  public static readonly INSTALL: string = 'sysbox-install';

  /** A node with `sysbox-runtime=running` has it. Set by the installer, once a sandbox ran there. */
  public static readonly RUNTIME: string = 'sysbox-runtime';

  private constructor() {}
}

/** Prefix of the annotations that the installer keeps on nodes. */
export const ANNOTATION_PREFIX = 'cdk8s-sysbox.io/';
