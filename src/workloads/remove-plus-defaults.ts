import { Json, listOf, mapOf } from '../core/json';
import { PlainPodSpec } from './system-pod-spec';

// source: cdk8s-plus-30 2.4.10, container.ts and pod.ts
const CONTAINER_DEFAULTS = { runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false };
const POD_DEFAULTS = { runAsNonRoot: true };
const RESOURCES = { limits: { cpu: '1500m', memory: '2048Mi' }, requests: { cpu: '1000m', memory: '512Mi' } };

/**
 * A pod spec without the defaults of cdk8s-plus that keep a system container from starting.
 *
 * @internal
 */
export function removePlusDefaults(spec: PlainPodSpec): PlainPodSpec {
  const container = (json: Json) => ({
    ...json,
    securityContext: without(json.securityContext, CONTAINER_DEFAULTS),
    resources: isDefault(json.resources) ? undefined : json.resources,
  });
  return {
    ...spec,
    securityContext: without(spec.securityContext, POD_DEFAULTS),
    containers: listOf(spec.containers).map(container),
    initContainers: spec.initContainers && listOf(spec.initContainers).map(container),
  };
}

function without(json: Json, defaults: Record<string, unknown>): Json {
  const kept = Object.entries(mapOf(json)).filter(([key, value]) => !(key in defaults) || defaults[key] !== value);
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

function isDefault(resources: Json): boolean {
  return (['limits', 'requests'] as const).every((kind) => {
    const { cpu, memory, ...others } = mapOf(mapOf(resources)[kind]);
    return cpu === RESOURCES[kind].cpu && memory === RESOURCES[kind].memory && Object.keys(others).length === 0;
  });
}
