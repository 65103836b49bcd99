import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { perSynth } from '../core/per-synth';
import { isInTree } from '../core/unique-names';
import { WarningMode, warningMode, warnings } from '../core/warnings';
import { ISysboxRuntime } from './runtime-ref';
import { RuntimeReference } from './runtime-reference';

type DefinedClass = IConstruct & ISysboxRuntime;

/** RuntimeClasses of ours, by app. */
const defined = new WeakMap<IConstruct, DefinedClass[]>();

/** Names of all RuntimeClasses of an app, also of L1 and included ones. */
const namesIn = perSynth(
  (root) =>
    new Set(
      root.node
        .findAll()
        .filter((it): it is ApiObject => ApiObject.isApiObject(it) && (it as ApiObject).kind === 'RuntimeClass')
        .map((object) => object.name),
    ),
);

/** @internal */
export function noteRuntimeClass(runtime: DefinedClass): void {
  const { root } = runtime.node;
  defined.set(root, [...(defined.get(root) ?? []), runtime]);
}

/**
 * Warns when pods name a RuntimeClass that their app does not define while it defines another one. Gives what is an error by
 * the mode.
 *
 * @internal
 */
export function classErrors(construct: IConstruct, runtime: ISysboxRuntime, mode?: WarningMode): string[] {
  const { runtimeClassName: name } = runtime;
  const ours = defined.get(construct.node.root)?.filter(isInTree) ?? [];
  const [other] = ours;
  if (!other || runtime instanceof RuntimeReference || ours.some((it) => it.runtimeClassName === name)) return [];
  if (namesIn(construct).has(name)) return [];
  const message =
    `the pods name RuntimeClass '${name}', which this app does not define: it defines '${other.runtimeClassName}' ` +
    `(${other.node.path}). Set 'runtime' to that one, or to RuntimeReference.fromRuntimeClassName('${name}')`;
  return warnings(construct, [message], warningMode(mode));
}
