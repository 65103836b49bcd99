import { IConstruct } from 'constructs';

/**
 * Something that is made once per app and synth. A synth is one synchronous call: what is found in it holds until it returns.
 *
 * @internal
 */
export function perSynth<T>(make: (root: IConstruct) => T): (construct: IConstruct) => T {
  const made = new Map<IConstruct, T>();
  return ({ node: { root } }) => {
    if (!made.has(root)) {
      made.set(root, make(root));
      queueMicrotask(() => made.delete(root));
    }
    return made.get(root) as T;
  };
}
