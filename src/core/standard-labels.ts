import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { VERSION } from './labels';

const PRODUCT = 'cdk8s-sysbox';

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
