import { ApiObject, JsonPatch } from 'cdk8s';

const CLUSTER_SCOPED = new WeakSet<ApiObject>();

/**
 * Takes off the namespace that a chart stamps on everything in it (cdk8s-core#731): a cluster-scoped object has none, and
 * Argo CD and Terraform choke on one.
 *
 * @internal
 */
export function clusterScoped<T extends ApiObject>(object: T): T {
  CLUSTER_SCOPED.add(object);
  if (object.metadata.namespace !== undefined) object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
  return object;
}

/** @internal */
export function isClusterScoped(object: ApiObject): boolean {
  return CLUSTER_SCOPED.has(object);
}
