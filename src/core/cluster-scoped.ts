import { ApiObject, JsonPatch } from 'cdk8s';

/**
 * Takes off the namespace that a chart stamps on everything in it (cdk8s-core#731): a cluster-scoped object has none, and
 * Argo CD and Terraform choke on one.
 *
 * @internal
 */
export function clusterScoped<T extends ApiObject>(object: T): T {
  if (object.metadata.namespace !== undefined) object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
  return object;
}
