/** Namespaces by name or by label. At least one of the two is given; a namespace that fits either is meant. */
export interface NamespaceSelection {
  /**
   * Names of namespaces.
   *
   * @default - none
   */
  readonly names?: string[];

  /**
   * Labels that a namespace has, all of them.
   *
   * @default - none
   */
  readonly labels?: Record<string, string>;
}
