import { ClusterFeatures, ClusterVersion } from './cluster-version';
import { ContainerEngine } from './container-engine';
import { assertIdsPerPod } from '../core/ids-per-pod';
import { assertSubdomain } from '../core/names';
import { ISysboxRuntime } from './runtime-ref';

/**
 * What is known of the cluster behind a runtime.
 *
 * @internal
 */
export function clusterOf(runtime: ISysboxRuntime): ClusterVersion {
  return new ClusterVersion(runtime.clusterVersion, runtime.featureGates);
}

/**
 * True where CRI-O makes a user namespace for an annotation: before Kubernetes 1.33, on whose nodes the API server drops
 * `hostUsers`. From 1.33 on the kubelet sends its own namespace options, and CRI-O ignores the annotation (cri-o#10341,
 * cri-o#7592, sysbox#1019, sysbox#999).
 *
 * @internal
 */
export function needsCrioAnnotation(runtime: ISysboxRuntime): boolean {
  return (
    runtime.containerEngine === ContainerEngine.CRIO && clusterOf(runtime).isBefore(ClusterFeatures.userNamespaces)
  );
}

/**
 * Refuses a runtime under which no system pod can start.
 *
 * @internal
 */
export function assertRuntime(runtime: ISysboxRuntime, where: string): void {
  assertSubdomain(runtime.runtimeClassName, `${where}: runtimeClassName`);
  if (runtime.idsPerPod !== undefined) assertIdsPerPod(runtime.idsPerPod, `${where}: idsPerPod`);
  const cluster = clusterAt(runtime, where);
  if (needsCrioAnnotation(runtime)) return;
  const refusal = cluster.refusal(ClusterFeatures.userNamespaces);
  if (refusal) throw new Error(`${where}: ${refusal}`);
}

function clusterAt(runtime: ISysboxRuntime, where: string): ClusterVersion {
  try {
    return clusterOf(runtime);
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`);
  }
}
