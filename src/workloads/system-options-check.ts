import * as kplus from 'cdk8s-plus-30';
import { ClusterFeatures } from '../runtime/cluster-version';
import { assertLabel, assertSubdomain } from '../core/names';
import { overheadOf } from '../runtime/pod-overhead';
import { clusterOf } from '../runtime/runtime-check';
import { ISysboxRuntime } from '../runtime/runtime-ref';
import { PodSecurityLevel } from '../runtime/pod-security-level';
import { SystemOptions } from './system-options';
import { assertTopologySpread } from './topology-spread-check';

/**
 * Refuses what no cluster would take, where the value is already known.
 *
 * @internal
 */
export function assertOptions(options: SystemOptions, runtime: ISysboxRuntime, where: string): void {
  assertOneRuntime(options, runtime, where);
  assertOverhead(options, runtime, where);
  assertSeccomp(options.seccompProfile, where);
  assertTopologySpread(options.topologySpreadConstraints ?? [], where);
  for (const [key, value] of Object.entries(options.nodeSelector ?? {})) {
    assertLabel(key, value, `${where}: nodeSelector`);
  }
  if (options.priorityClassName !== undefined) {
    assertSubdomain(options.priorityClassName, `${where}: priorityClassName`);
  }
  for (const [name, container] of Object.entries(options.containers ?? {})) {
    if (container.stdinOnce && !container.stdin) {
      throw new Error(`${where}: container '${name}' has stdinOnce without stdin. Set stdin to true as well`);
    }
  }
  if (options.podSecurity === PodSecurityLevel.RESTRICTED) {
    const cluster = clusterOf(runtime);
    const refusal =
      cluster.refusal(ClusterFeatures.userNamespaces) ?? cluster.refusal(ClusterFeatures.restrictedAsRoot);
    if (refusal) throw new Error(`${where}: podSecurity 'restricted': ${refusal}`);
  }
}

function assertOneRuntime(options: SystemOptions, runtime: ISysboxRuntime, where: string): void {
  const { runtimeClassName } = options;
  if (runtimeClassName !== undefined && runtimeClassName !== runtime.runtimeClassName) {
    throw new Error(
      `${where}: runtimeClassName is '${runtimeClassName}', but the runtime's is '${runtime.runtimeClassName}'. Give one of the two`,
    );
  }
}

function assertOverhead(options: SystemOptions, runtime: ISysboxRuntime, where: string): void {
  if (!options.overhead || !runtime.podOverhead) return;
  const [own, theirs] = [options.overhead, runtime.podOverhead].map((it) => JSON.stringify(overheadOf(it)));
  if (own !== theirs) {
    throw new Error(
      `${where}: overhead ${own} is not that of RuntimeClass '${runtime.runtimeClassName}', ` +
        `${theirs}, and the API server wants them equal. Leave it out: it is filled in`,
    );
  }
}

function assertSeccomp(profile: kplus.SeccompProfile | undefined, where: string): void {
  if (!profile) return;
  const local = profile.type === kplus.SeccompProfileType.LOCALHOST;
  if (local !== (profile.localhostProfile !== undefined)) {
    throw new Error(
      `${where}: seccompProfile of type '${profile.type}' ${local ? 'needs' : 'cannot have'} a localhostProfile`,
    );
  }
}
