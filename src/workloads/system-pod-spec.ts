import { PodSecurityLevel, SystemContainerOptions } from './system-options';

/**
 * A pod spec as plain data. The fields touched here have the same names in cdk8s' property space and on the wire, so one
 * function serves the constructs and the manifests that are adopted.
 *
 * @internal
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type PlainPodSpec = Record<string, any>;

/**
 * What turns a pod into a system pod.
 *
 * @internal
 */
export interface SystemPodFields {
  readonly runtimeClassName: string;
  /** False with containerd; absent with CRI-O, which reads an annotation. */
  readonly hostUsers?: boolean;
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
 * The one place where a pod spec becomes a system pod spec. A field that the spec has already stays as it is.
 *
 * @internal
 */
export function toSystemPodSpec(spec: PlainPodSpec, fields: SystemPodFields): PlainPodSpec {
  const container = (rendered: PlainPodSpec) => toSystemContainer(rendered, fields);
  return {
    ...spec,
    runtimeClassName: spec.runtimeClassName ?? fields.runtimeClassName,
    hostUsers: spec.hostUsers ?? fields.hostUsers,
    // a Service named sysbox-* would inject SYSBOX_* variables, and sysbox-runc refuses those it does not know
    enableServiceLinks: spec.enableServiceLinks ?? false,
    priorityClassName: spec.priorityClassName ?? fields.priorityClassName,
    nodeSelector: nonEmpty({ ...fields.nodeSelector, ...spec.nodeSelector }),
    topologySpreadConstraints: nonEmptyList([
      ...(spec.topologySpreadConstraints ?? []),
      ...(fields.topologySpreadConstraints ?? []),
    ]),
    overhead: spec.overhead ?? nonEmpty(fields.overhead ?? {}),
    securityContext: nonEmpty({
      ...(seccompOf(fields) && { seccompProfile: seccompOf(fields) }),
      ...spec.securityContext,
    }),
    containers: spec.containers?.map(container),
    initContainers: spec.initContainers?.map(container),
  };
}

function toSystemContainer(container: PlainPodSpec, fields: SystemPodFields): PlainPodSpec {
  const options = fields.containers?.[container.name];
  return {
    ...container,
    ...(options?.tty !== undefined && { tty: options.tty }),
    ...(options?.stdin !== undefined && { stdin: options.stdin }),
    ...(options?.stdinOnce !== undefined && { stdinOnce: options.stdinOnce }),
    ...(fields.podSecurity === PodSecurityLevel.RESTRICTED && { securityContext: restricted(container) }),
  };
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

function seccompOf(fields: SystemPodFields): PlainPodSpec | undefined {
  if (fields.seccompProfile) return fields.seccompProfile;
  return fields.podSecurity === PodSecurityLevel.RESTRICTED ? { type: 'RuntimeDefault' } : undefined;
}

function nonEmpty(value: PlainPodSpec): PlainPodSpec | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}

function nonEmptyList<T>(value: T[]): T[] | undefined {
  return value.length > 0 ? value : undefined;
}
