/** What happens to an object that breaks a rule which is an error. */
export enum PolicyAction {
  /** It is refused. */
  DENY = 'Deny',

  /** It is let in, and whoever made it sees a warning. */
  WARN = 'Warn',

  /** It is let in, and the API server's audit log says so. */
  AUDIT = 'Audit',
}
