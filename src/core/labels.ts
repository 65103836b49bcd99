import { readFileSync } from 'fs';
import { join } from 'path';
import { PACKAGE_ROOT } from './programs';

/**
 * Name of the RuntimeClass of the upstream Sysbox manifests.
 *
 * @internal
 */
export const DEFAULT_RUNTIME_CLASS = 'sysbox-runc';

/**
 * Labels and the taint of nodes. They are those of upstream's manifests, so that a cluster can move over as it is.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { DaemonSet, Node, NodeLabelQuery } from 'cdk8s-plus-30';
 * import { NodeLabels } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * // A plain DaemonSet on all nodes with the runtime.
 * const monitor = new DaemonSet(chart, 'Monitor', { containers: [{ image: 'registry.example.org/monitor:1.2' }] });
 * monitor.scheduling.attract(Node.labeled(NodeLabelQuery.is(NodeLabels.RUNTIME, 'running')));
 */
export class NodeLabels {
  /** A node with `sysbox-install=yes` gets the runtime. Set by the administrator. */
  public static readonly INSTALL: string = 'sysbox-install';

  /** A node with `sysbox-runtime=running` has it. Set by the installer, once a pod ran there. */
  public static readonly RUNTIME: string = 'sysbox-runtime';

  private constructor() {}
}

/** Prefix of the annotations that the installer keeps on nodes. */
export const ANNOTATION_PREFIX = 'cdk8s-sysbox.io/';

/**
 * Version of this package.
 *
 * @internal
 */
export const VERSION: string = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version;
