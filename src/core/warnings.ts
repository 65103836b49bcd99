const printed = new Set<string>();

/**
 * Prints a warning on stderr, once. `CDK8S_SYSBOX_WARNINGS=off` silences all of them, `=error` makes each an error.
 *
 * @internal
 */
export function warn(message: string): void {
  const mode = process.env.CDK8S_SYSBOX_WARNINGS;
  if (mode === 'error') throw new Error(message);
  if (mode === 'off' || printed.has(message)) return;
  printed.add(message);
  process.stderr.write(`cdk8s-sysbox: warning: ${message}\n`);
}
