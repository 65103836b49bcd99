import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
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

  /** A node with `sysbox-runtime=running` has it. Set by the installer, once a sandbox ran there. */
  public static readonly RUNTIME: string = 'sysbox-runtime';

  private constructor() {}
}

/** Prefix of the annotations that the installer keeps on nodes. */
export const ANNOTATION_PREFIX = 'cdk8s-sysbox.io/';

const PRODUCT = 'cdk8s-sysbox';
/**
 * Version of this package.
 *
 * @internal
 */
export const VERSION: string = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version;

/**
 * The recommended labels of Kubernetes for an object of the product. Not for selectors, which are immutable, nor for pod
 * templates: the version would replace the pods at every release.
 *
 * @param component what the object belongs to, such as "sysbox-installer"
 * @internal
 */
export function standardLabels(component: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': component,
    'app.kubernetes.io/part-of': PRODUCT,
    'app.kubernetes.io/managed-by': PRODUCT,
    'app.kubernetes.io/version': VERSION,
  };
}

/**
 * Puts the standard labels on all objects under a construct; what an object has already stays.
 *
 * @internal
 */
export function addStandardLabels(construct: IConstruct, component: string): void {
  for (const object of construct.node.findAll()) {
    if (!ApiObject.isApiObject(object)) continue;
    for (const [key, value] of Object.entries(standardLabels(component))) {
      if (object.metadata.getLabel(key) === undefined) object.metadata.addLabel(key, value);
    }
  }
}
