import { closest, distance } from 'fastest-levenshtein';

/**
 * The name that a misspelt one probably stands for; undefined when none is near.
 *
 * @internal
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const sameLetters = names.find((known) => known.toLowerCase() === name.toLowerCase());
  if (sameLetters !== undefined) return sameLetters;
  const candidate = closest(name, names);
  // a third of the letters may be wrong: 'imge' is image, 'command' is not commit
  return distance(name, candidate) <= Math.max(1, Math.floor(name.length / 3)) ? candidate : undefined;
}

/**
 * ". Did you mean 'image'?", or the known names where none is near.
 *
 * @internal
 */
export function didYouMean(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  if (near !== undefined) return `. Did you mean '${near}'?`;
  return names.length === 0 ? '' : `. Known are: ${[...names].sort().join(', ')}`;
}
