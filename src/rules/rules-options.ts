/** Which pods the rules are for. */
export interface RuleCheckOptions {
  /**
   * Names of RuntimeClasses, or of their handlers, whose pods run under Sysbox. A RuntimeClass among the checked manifests
   * with such a handler counts by whatever name it has.
   *
   * @default ["sysbox-runc"]
   */
  readonly runtimeClassNames?: string[];
}
