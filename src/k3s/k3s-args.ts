import * as kplus from 'cdk8s-plus-30';
import { assertLabel, assertSubdomain } from '../core/names';
import { K3sNodeOptions, K3sServerOptions } from './k3s-options';

/**
 * Arguments of a server and an agent alike.
 *
 * @internal
 */
export function nodeArgs(options: K3sNodeOptions, where: string): string[] {
  for (const [key, value] of Object.entries(options.nodeLabels ?? {})) assertLabel(key, value, `${where}: nodeLabels`);
  for (const taint of options.nodeTaints ?? []) assertTaint(taint, where);
  return [
    ...flags('node-label', entries(options.nodeLabels)),
    ...flags('node-taint', options.nodeTaints),
    ...flags('snapshotter', options.snapshotter && [options.snapshotter]),
    ...flags('kubelet-arg', componentArgs('kubeletArgs', options.kubeletArgs, where)),
    ...flags('kube-proxy-arg', componentArgs('kubeProxyArgs', options.kubeProxyArgs, where)),
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
    ...flags('kube-apiserver-arg', componentArgs('kubeApiserverArgs', kubeApiserverArgs, where)),
    ...flags(
      'kube-controller-manager-arg',
      componentArgs('kubeControllerManagerArgs', kubeControllerManagerArgs, where),
    ),
    ...flags('kube-scheduler-arg', componentArgs('kubeSchedulerArgs', kubeSchedulerArgs, where)),
  ];
}

const SECRET = 'a secret in a manifest: give it to K3s by `env` from a Secret';

/** Flags that would undo what the constructs do, each with what to do instead. */
const REFUSED: Record<string, string> = {
  token: `${SECRET}, or by \`token\``,
  'agent-token': `${SECRET}, or by \`token\``,
  'etcd-s3-access-key': SECRET,
  'etcd-s3-secret-key': SECRET,
  'etcd-s3-session-token': SECRET,
  'datastore-endpoint': `often ${SECRET} (K3S_DATASTORE_ENDPOINT)`,
  'vpn-auth': SECRET,
  'token-file': 'set by `token`',
  'agent-token-file': 'set by `token`',
  'cluster-cidr': 'set by `network`, where it is checked against the host',
  'service-cidr': 'set by `network`, where it is checked against the host',
  'cluster-dns': 'set by `network`',
  'private-registry': 'set by `registries`',
  'data-dir': 'not possible: Sysbox knows /var/lib/rancher/k3s only (special directory)',
  'node-name': 'not possible: a node is named after its pod, which keeps its identity over a restart',
  'with-node-id': 'not possible: a node is named after its pod, which keeps its identity over a restart',
  server: 'set by `serverUrl`, or by K3sCluster',
  'write-kubeconfig': 'not possible: it is read where K3s writes it by itself, and published from there',
  rootless: 'not possible: a system container is what rootless mode is for, and K3s runs in it as root',
  'cluster-init': 'set by `servers` of K3sCluster',
  'cluster-reset': 'not for a manifest: it would reset the cluster at each start. Run it by hand',
};

/**
 * Raw arguments, none of which undoes what is set elsewhere.
 *
 * @internal
 */
export function extraArgs(args: string[] = [], where: string): string[] {
  for (const arg of args) {
    const [, flag] = /^--([a-z0-9][a-z0-9-]*)(=.*)?$/s.exec(arg) ?? [];
    if (!flag) throw new Error(`${where}: extraArgs has '${arg}'. Write each as '--flag' or '--flag=value'`);
    const instead = Object.hasOwn(REFUSED, flag) ? REFUSED[flag] : undefined;
    if (instead) throw new Error(`${where}: extraArgs has --${flag}, which is ${instead}`);
  }
  return args;
}

/** Variables of K3s that hold secrets. */
const SECRET_ENV = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'K3S_AGENT_TOKEN',
  'K3S_DATASTORE_ENDPOINT',
  'K3S_TOKEN',
  'K3S_VPN_AUTH',
];

/** @internal */
export function assertEnv(env: Record<string, kplus.EnvValue> = {}, where: string): void {
  for (const name of SECRET_ENV) {
    if (env[name]?.value === undefined) continue;
    throw new Error(`${where}: env has ${name} as text, a secret in a manifest. Use EnvValue.fromSecretValue()`);
  }
  if ('K3S_DATA_DIR' in env) throw new Error(`${where}: env has K3S_DATA_DIR, which is ${REFUSED['data-dir']}`);
}

/** Flags that are repeated, one a value. @internal */
export function flags(name: string, values: string[] | undefined): string[] {
  return (values ?? []).map((value) => `--${name}=${value}`);
}

function entries(map: Record<string, string> | undefined): string[] {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
}

function componentArgs(prop: string, args: string[] | undefined, where: string): string[] | undefined {
  for (const arg of args ?? []) {
    if (/^[a-z][a-z0-9-]*(=.*)?$/s.test(arg)) continue;
    throw new Error(`${where}: ${prop} has '${arg}'. Write each as 'flag=value', without dashes before it`);
  }
  return args;
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
