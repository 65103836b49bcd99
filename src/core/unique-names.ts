import { ApiObject, Chart } from 'cdk8s';
import { IConstruct } from 'constructs';
import { isClusterScoped } from './cluster-scoped';
import { warn } from './warnings';

/** By app: who makes the objects of a name, of any kind and namespace. */
const claims = new WeakMap<IConstruct, Map<string, ApiObject[]>>();

/**
 * Refuses objects under a construct that would overwrite others of ours: same kind, namespace and name in one chart and its
 * nested charts. In another chart of the app, which may be for another cluster, it is a warning. cdk8s itself sees neither.
 *
 * @internal
 */
export function claimNames(construct: IConstruct): void {
  for (const object of construct.node.findAll()) {
    if (ApiObject.isApiObject(object)) claimName(object);
  }
}

/**
 * The same for one object.
 *
 * @internal
 */
export function claimName(object: ApiObject): void {
  const root = object.node.root;
  const taken = claims.get(root) ?? new Map<string, ApiObject[]>();
  claims.set(root, taken);
  const { kind, name } = object;
  const known = taken.get(name);
  if (!known) {
    taken.set(name, [object]);
    return;
  }
  const namesakes = known.filter((other) => other !== object && isInTree(other));
  taken.set(name, [...namesakes, object]);
  const others = namesakes.filter((other) => areSame(other, object));
  const namespace = namespaceOf(object);
  if (others.length > 0) report(object, others, `${kind} '${namespace === '' ? name : `${namespace}/${name}`}'`);
}

function areSame(one: ApiObject, other: ApiObject): boolean {
  return one.kind === other.kind && one.apiGroup === other.apiGroup && namespaceOf(one) === namespaceOf(other);
}

function namespaceOf(object: ApiObject): string {
  return isClusterScoped(object) ? '' : (object.metadata.namespace ?? '');
}

function report(object: ApiObject, others: ApiObject[], what: string): void {
  const chart = outermostChart(object);
  const same = others.find((other) => outermostChart(other) === chart);
  if (same) {
    throw new Error(
      `${object.node.path}: ${what} is made by ${same.node.path} as well, and one overwrites the other. ` +
        'Make it once, or give one of them another name or namespace',
    );
  }
  warn(
    `${object.node.path}: ${what} is made by ${others[0]?.node.path} as well. In one cluster, one chart overwrites the other's`,
  );
}

function outermostChart(object: ApiObject): IConstruct | undefined {
  return object.node.scopes.find((scope) => Chart.isChart(scope));
}

/**
 * False for a construct that was removed, or one of whose scopes was.
 *
 * @internal
 */
export function isInTree(construct: IConstruct): boolean {
  return construct.node.scopes.every((scope) => {
    const parent = scope.node.scope;
    return parent === undefined || parent.node.tryFindChild(scope.node.id) === scope;
  });
}
