import { Json, listOf, mapOf, stringsOf } from '../core/json';
import { PlainPodSpec } from './system-pod-spec';

const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/**
 * What Pod Security Restricted would refuse of a pod with a user namespace: only what the user set otherwise, as the rest
 * is filled in.
 *
 * Source: pod-security-admission, policy/check_*_restricted.go.
 *
 * @internal
 */
export function restrictedErrors(spec: PlainPodSpec): string[] {
  const containers = [...listOf(spec.containers), ...listOf(spec.initContainers)];
  return [
    ...containers.flatMap(({ name, securityContext }) => containerErrors(name, mapOf(securityContext))),
    ...listOf(spec.volumes)
      .filter((volume) => !VOLUMES.some((kind) => (volume[kind] ?? volume[propertyOf(kind)]) !== undefined))
      .map((volume) => refusal(`volume '${volume.name}' is of another kind than ${VOLUMES.join(', ')}`)),
  ];
}

function containerErrors(name: string, context: Record<string, Json>): string[] {
  const { add, drop } = mapOf(context.capabilities);
  return [
    context.allowPrivilegeEscalation !== false && `container '${name}' has allowPrivilegeEscalation`,
    !stringsOf(drop).includes('ALL') && `container '${name}' does not drop the capabilities ALL`,
    stringsOf(add).some((capability) => capability !== 'NET_BIND_SERVICE') && `container '${name}' adds capabilities`,
  ]
    .filter((what) => what !== false)
    .map(refusal);
}

function refusal(what: string): string {
  return `${what}, which Pod Security Restricted refuses. Leave that out, or set podSecurity to BASELINE`;
}

/** cdk8s' spelling of a field. */
function propertyOf(kind: string): string {
  return kind === 'downwardAPI' ? 'downwardApi' : kind;
}
