import { assertLabel, assertSubdomain } from '../core/names';
import { K3sNodeOptions, K3sServerOptions } from './k3s-options';
import { assertRaw } from './k3s-settings';
import { assertNodeLabels } from './node-labels';

/**
 * Arguments of a server and an agent alike.
 *
 * @internal
 */
export function nodeArgs(options: K3sNodeOptions, where: string): string[] {
  assertNodeLabels(options.nodeLabels ?? {}, where);
  for (const taint of options.nodeTaints ?? []) assertTaint(taint, where);
  return [
    ...flags('node-label', entries(options.nodeLabels)),
    ...flags('node-taint', options.nodeTaints),
    ...flags('snapshotter', options.snapshotter && [options.snapshotter]),
    ...flags('kubelet-arg', options.kubeletArgs),
    ...flags('kube-proxy-arg', options.kubeProxyArgs),
  ];
}

/** @internal */
export function serverArgs(options: K3sServerOptions, where: string): string[] {
  const { kubeApiserverArgs, kubeControllerManagerArgs, kubeSchedulerArgs } = options;
  for (const san of options.tlsSans ?? []) assertSan(san, where);
  if (options.clusterDomain !== undefined) assertSubdomain(options.clusterDomain, `${where}: clusterDomain`);
  return [
    ...flags('disable', options.disable),
    ...flags('tls-san', options.tlsSans),
    ...flags('flannel-backend', options.flannelBackend && [options.flannelBackend]),
    ...(options.networkPolicy === false ? ['--disable-network-policy'] : []),
    ...flags('cluster-domain', options.clusterDomain === undefined ? undefined : [options.clusterDomain]),
    ...(options.secretsEncryption ? ['--secrets-encryption'] : []),
    ...flags('kube-apiserver-arg', kubeApiserverArgs),
    ...flags('kube-controller-manager-arg', kubeControllerManagerArgs),
    ...flags('kube-scheduler-arg', kubeSchedulerArgs),
  ];
}

/**
 * Raw arguments, none of which repeats or undoes what is set elsewhere.
 *
 * @internal
 */
export function extraArgs(options: K3sServerOptions, where: string): string[] {
  assertRaw(options, where);
  return options.extraArgs ?? [];
}

/** A flag that is repeated, once per value. @internal */
export function flags(name: string, values: string[] | undefined): string[] {
  return (values ?? []).map((value) => `--${name}=${value}`);
}

function entries(map: Record<string, string> | undefined): string[] {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
}

function assertTaint(taint: string, where: string): void {
  const [, key, value = '', effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(taint) ?? [];
  if (!key || !['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(effect ?? '')) {
    throw new Error(`${where}: nodeTaints has '${taint}'. Write 'key=value:NoSchedule', PreferNoSchedule or NoExecute`);
  }
  assertLabel(key, value, `${where}: nodeTaints`);
}

/** @internal */
export function assertSan(san: string, where: string): void {
  if (/^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$|^[0-9a-fA-F:]+$/.test(san)) return;
  throw new Error(`${where}: tlsSans has '${san}'. Write a DNS name or an IP address, without scheme and port`);
}
