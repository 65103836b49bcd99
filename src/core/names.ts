const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * A DNS subdomain name, as most Kubernetes objects are named.
 *
 * @internal
 */
export function assertSubdomain(value: string, what: string): void {
  if (typeof value !== 'string' || value.length > 253 || !SUBDOMAIN.test(value)) {
    throw new Error(
      `${what} '${value}' is not a valid DNS subdomain name. Use lower-case letters, digits, '-' and '.'`,
    );
  }
}

/**
 * What is wrong with a DNS label, as containers and volumes are named; nothing when it is one.
 *
 * @internal
 */
export function labelNameProblem(value: string): string | undefined {
  if (typeof value === 'string' && DNS_LABEL.test(value)) return undefined;
  return `'${value}' is not a valid DNS label. Use at most 63 lower-case letters, digits and '-'`;
}

/**
 * A DNS label, as containers and volumes are named.
 *
 * @internal
 */
export function assertLabelName(value: string, what: string): void {
  const problem = labelNameProblem(value);
  if (problem) throw new Error(`${what} ${problem}`);
}

/**
 * A label: key with an optional DNS prefix, value of at most 63 characters.
 *
 * @internal
 */
export function assertLabel(key: string, value: string, what: string): void {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  const prefixBad = prefix !== undefined && (prefix.length > 253 || !SUBDOMAIN.test(prefix));
  if (prefixBad || !QUALIFIED_NAME.test(name)) {
    throw new Error(
      `${what}: '${key}' is not a valid label key. Write 'name' or 'dns.prefix/name' with at most 63 characters`,
    );
  }
  if (typeof value !== 'string' || !LABEL_VALUE.test(value)) {
    throw new Error(
      `${what}: '${value}' (of '${key}') is not a valid label value. Use a string of at most 63 letters, digits, '-', '_', '.'`,
    );
  }
}
