/**
 * A word of a systemd command line (systemd.service(5)); a variable is given as in a container's command.
 *
 * @internal
 */
export function unitWord(word: string): string {
  const escaped = word
    .replace(/[\\"]/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/%/g, '%%')
    .replace(/\$(?!\([A-Za-z_][A-Za-z0-9_]*\))/g, '$$$$')
    .replace(/\$\((\w+)\)/g, '${$1}');
  return /^[A-Za-z0-9_./:=,@%${}+-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}
