import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { listOf, mapOf, stringsOf } from '../core/json';

type Modes = Map<string, string[]>;

// an app's synth is one synchronous call: what is found in it holds until it returns
const found = new Map<IConstruct, Modes>();

/**
 * Access modes of a claim that is defined somewhere in the same app; undefined when it is defined elsewhere.
 *
 * @internal
 */
export function claimModesIn(construct: IConstruct, namespace: string | undefined, name: string): string[] | undefined {
  const { root } = construct.node;
  let modes = found.get(root);
  if (!modes) {
    modes = claimsUnder(root);
    found.set(root, modes);
    queueMicrotask(() => found.delete(root));
  }
  return modes.get(`${namespace}/${name}`);
}

function claimsUnder(root: IConstruct): Modes {
  const claims = root.node
    .findAll()
    .filter((it): it is ApiObject => ApiObject.isApiObject(it) && (it as ApiObject).kind === 'PersistentVolumeClaim');
  return new Map(
    claims.map((claim) => {
      const { spec } = claim.toJson();
      return [`${claim.metadata.namespace}/${claim.name}`, stringsOf(listOf(mapOf(spec).accessModes))];
    }),
  );
}
