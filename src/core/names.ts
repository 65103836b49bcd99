const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const RESOURCE = /^(cpu|memory|ephemeral-storage|hugepages-[0-9]+[KMG]i)$/;
const QUANTITY = /^[+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;

/**
 * A DNS subdomain name, as most Kubernetes objects are named.
 *
 * @internal
 */
export function assertSubdomain(value: string, what: string): void {
  if (typeof value !== 'string' || value.length > 253 || !SUBDOMAIN.test(value)) {
    throw new Error(`${what} '${value}' is no DNS subdomain name. Use lower-case letters, digits, '-' and '.'`);
  }
}

/**
 * True for a DNS label, as containers and volumes are named.
 *
 * @internal
 */
export function isLabelName(value: string): boolean {
  return DNS_LABEL.test(value);
}

/**
 * A DNS label, as containers and volumes are named.
 *
 * @internal
 */
export function assertLabelName(value: string, what: string): void {
  if (!isLabelName(value)) {
    throw new Error(`${what} '${value}' is no DNS label. Use at most 63 lower-case letters, digits and '-'`);
  }
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
    throw new Error(`${what}: '${key}' is no label key. Write 'name' or 'dns.prefix/name' with at most 63 characters`);
  }
  if (typeof value !== 'string' || !LABEL_VALUE.test(value)) {
    throw new Error(
      `${what}: '${value}' (of '${key}') is no label value. Use a text of at most 63 letters, digits, '-', '_', '.'`,
    );
  }
}

/**
 * Resource quantities by resource name.
 *
 * @internal
 */
export function assertResources(quantities: Record<string, string>, what: string): void {
  for (const [resource, quantity] of Object.entries(quantities)) {
    if (!RESOURCE.test(resource)) {
      throw new Error(`${what}: '${resource}' is no resource of a pod. Write 'cpu', 'memory' or 'ephemeral-storage'`);
    }
    if (!QUANTITY.test(quantity)) {
      throw new Error(`${what}: '${quantity}' (of '${resource}') is no quantity. Write '64Mi', '250m' or '1'`);
    }
  }
}
