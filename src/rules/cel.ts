/**
 * Variables of the admission policies, in the order in which they build on each other. Rules use `spec`, `metadata`,
 * `containers` and `concurrent` (without the init containers that are over when the others start), which are those of a
 * pod, whatever object it is of.
 *
 * @internal
 */
export const CEL_CONTAINERS = [
  'variables.spec.containers',
  'variables.spec.?initContainers.orValue([])',
  'variables.spec.?ephemeralContainers.orValue([])',
]
  .map((list) => `dyn(${list})`)
  .join(' + ');

/** @internal */
export const CEL_CONCURRENT = [
  'variables.spec.containers',
  "variables.spec.?initContainers.orValue([]).filter(i, i.?restartPolicy.orValue('') == 'Always')",
  'variables.spec.?ephemeralContainers.orValue([])',
]
  .map((list) => `dyn(${list})`)
  .join(' + ');

/**
 * A string literal of CEL.
 *
 * @internal
 */
export function celString(text: string): string {
  return `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
}

/**
 * A list literal of CEL.
 *
 * @internal
 */
export function celList(texts: string[]): string {
  return `[${texts.map(celString).join(', ')}]`;
}

/**
 * True when the condition holds for all containers, each as `c`.
 *
 * @internal
 */
export function everyContainer(condition: string): string {
  return `variables.containers.all(c, ${condition})`;
}

/**
 * True when the condition holds for all volume mounts, each as `m`, of a container `c`.
 *
 * @internal
 */
export function everyMount(condition: string): string {
  return everyContainer(`c.?volumeMounts.orValue([]).all(m, ${condition})`);
}

/**
 * True when the condition holds for all volumes, each as `v`.
 *
 * @internal
 */
export function everyVolume(condition: string): string {
  return `variables.spec.?volumes.orValue([]).all(v, ${condition})`;
}

/**
 * The value of an optional chain: orElse('c.securityContext.privileged', 'false').
 *
 * @internal
 */
export function orElse(path: string, fallback: string): string {
  const [root, ...fields] = path.split('.');
  const start = root === 'variables' ? `variables.${fields.shift()}` : root;
  return `${start}${fields.map((field) => `.?${field}`).join('')}.orValue(${fallback})`;
}
