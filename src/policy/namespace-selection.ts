import { celList, celString } from '../rules/cel';

/** Namespaces selected by name or by label. At least one of the two is required; a namespace that matches either is selected. */
export interface NamespaceSelectionOptions {
  /**
   * Names of namespaces.
   *
   * @default - none
   */
  readonly names?: string[];

  /**
   * Labels of a namespace, all of which must match.
   *
   * @default - none
   */
  readonly labels?: Record<string, string>;
}

/**
 * CEL, true in the selected namespaces.
 *
 * @internal
 */
export function inNamespaces({ names = [], labels = {} }: NamespaceSelectionOptions): string {
  const byLabel = Object.entries(labels).map(
    ([key, value]) => `namespaceObject.metadata.?labels[?${celString(key)}].orValue('') == ${celString(value)}`,
  );
  const byName = `namespaceObject.metadata.name in ${celList(names)}`;
  return [...(names.length ? [byName] : []), ...(byLabel.length ? [`(${byLabel.join(' && ')})`] : [])].join(' || ');
}
