import { PodSecurityLevel } from '../runtime/pod-security-level';
import { SystemContainerOptions } from './system-options';

/**
 * A pod spec as plain data. The fields touched here have the same names in cdk8s' property space and on the wire, so one
 * function serves the constructs and the manifests that are adopted.
 *
 * @internal
 */
export type PlainPodSpec = Record<string, any>;

/**
 * What turns a pod into a system pod.
 *
 * @internal
 */
export interface SystemPodFields {
  readonly runtimeClassName: string;
  readonly hostUsers: false;
  readonly imagePullSecrets?: { readonly name: string }[];
  readonly priorityClassName?: string;
  readonly nodeSelector?: Record<string, string>;
  readonly topologySpreadConstraints?: PlainPodSpec[];
  /** By resource name; a string on the wire, a Quantity in property space. */
  readonly overhead?: Record<string, unknown>;
  readonly seccompProfile?: PlainPodSpec;
  readonly containers?: Record<string, SystemContainerOptions>;
  readonly podSecurity?: PodSecurityLevel;
}

/**
 * The one place where a pod spec becomes a system pod spec. A field that the spec has already stays as it is. The spec was
 * rendered for this and is changed in place, and only where there is something to set: a copy, or a field that is undefined,
 * costs V8 ten times as much.
 *
 * @internal
 */
export function toSystemPodSpec(spec: PlainPodSpec, fields: SystemPodFields): PlainPodSpec {
  spec.runtimeClassName ??= fields.runtimeClassName;
  if (fields.hostUsers !== undefined) spec.hostUsers ??= fields.hostUsers;
  // a Service named sysbox-* would inject SYSBOX_* variables, and sysbox-runc refuses those it does not know
  spec.enableServiceLinks ??= false;
  if (fields.priorityClassName !== undefined) spec.priorityClassName ??= fields.priorityClassName;
  if (fields.overhead) spec.overhead ??= fields.overhead;
  if (fields.imagePullSecrets?.length) spec.imagePullSecrets = merged(spec.imagePullSecrets, fields.imagePullSecrets);
  if (isFilled(fields.nodeSelector)) spec.nodeSelector = { ...fields.nodeSelector, ...spec.nodeSelector };
  if (fields.topologySpreadConstraints?.length) {
    spec.topologySpreadConstraints = [...(spec.topologySpreadConstraints ?? []), ...fields.topologySpreadConstraints];
  }
  const seccompProfile = seccompOf(fields);
  if (seccompProfile) spec.securityContext = { seccompProfile, ...spec.securityContext };
  if (isFilled(fields.containers) || fields.podSecurity === PodSecurityLevel.RESTRICTED) {
    const container = (rendered: PlainPodSpec) => toSystemContainer(rendered, fields);
    spec.containers = spec.containers?.map(container);
    if (spec.initContainers) spec.initContainers = spec.initContainers.map(container);
  }
  return spec;
}

function toSystemContainer(container: PlainPodSpec, fields: SystemPodFields): PlainPodSpec {
  const { tty, stdin, stdinOnce } = fields.containers?.[container.name] ?? {};
  const result = { ...container };
  if (tty !== undefined) result.tty = tty;
  if (stdin !== undefined) result.stdin = stdin;
  if (stdinOnce !== undefined) result.stdinOnce = stdinOnce;
  if (fields.podSecurity === PodSecurityLevel.RESTRICTED) result.securityContext = restricted(container);
  return result;
}

/** Source: pod-security-admission, policy/check_allowPrivilegeEscalation.go and check_capabilities_restricted.go. */
function restricted(container: PlainPodSpec): PlainPodSpec {
  const given = container.securityContext ?? {};
  return {
    ...given,
    allowPrivilegeEscalation: given.allowPrivilegeEscalation ?? false,
    capabilities: { ...given.capabilities, drop: given.capabilities?.drop ?? ['ALL'] },
  };
}

function merged(given: { name: string }[] = [], added: { readonly name: string }[]): { readonly name: string }[] {
  return [...given, ...added.filter(({ name }) => !given.some((secret) => secret.name === name))];
}

function seccompOf(fields: SystemPodFields): PlainPodSpec | undefined {
  if (fields.seccompProfile) return fields.seccompProfile;
  return fields.podSecurity === PodSecurityLevel.RESTRICTED ? { type: 'RuntimeDefault' } : undefined;
}

function isFilled(map: object | undefined): boolean {
  for (const _ in map) return true;
  return false;
}
