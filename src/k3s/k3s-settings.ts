import * as kplus from 'cdk8s-plus-30';
import { K3sNodeProps } from './k3s-node-props';

/** The props whose values are raw words of K3s and its components. */
const RAW = [
  'extraArgs',
  'kubeletArgs',
  'kubeProxyArgs',
  'kubeApiserverArgs',
  'kubeControllerManagerArgs',
  'kubeSchedulerArgs',
] as const;

type Raw = (typeof RAW)[number];

/** What a prop already says: flags by the raw prop that could repeat them, and variables of K3s. */
type Says = { readonly [raw in Raw]?: readonly string[] } & {
  readonly env?: readonly string[];
  /** Means nothing for an agent. */
  readonly serverOnly?: boolean;
};

/**
 * All props of a node, so that a new one does not compile before it is decided which raw words would repeat it. Names of flags
 * and variables: K3s, pkg/cli/cmds/{agent,server}.go; what K3s passes on: pkg/daemons/{agent,control}.
 */
const SAYS = {
  version: {},
  image: {},
  imageRepository: {},
  init: {},
  nodeLabels: { extraArgs: ['node-label'], kubeletArgs: ['node-labels'] },
  nodeTaints: { extraArgs: ['node-taint'], kubeletArgs: ['register-with-taints'] },
  snapshotter: { extraArgs: ['snapshotter'] },
  kubeletArgs: { extraArgs: ['kubelet-arg'] },
  kubeProxyArgs: { extraArgs: ['kube-proxy-arg'] },
  extraArgs: {},
  envVariables: {},
  resources: {},
  storage: { extraArgs: ['data-dir'], kubeletArgs: ['root-dir'], env: ['K3S_DATA_DIR'] },
  disable: { serverOnly: true, extraArgs: ['disable'] },
  tlsSans: { serverOnly: true, extraArgs: ['tls-san'] },
  flannelBackend: { serverOnly: true, extraArgs: ['flannel-backend'] },
  networkPolicy: { serverOnly: true, extraArgs: ['disable-network-policy'] },
  clusterDomain: { serverOnly: true, extraArgs: ['cluster-domain'], kubeletArgs: ['cluster-domain'] },
  secretsEncryption: {
    serverOnly: true,
    extraArgs: ['secrets-encryption'],
    kubeApiserverArgs: ['encryption-provider-config'],
  },
  kubeApiserverArgs: { serverOnly: true, extraArgs: ['kube-apiserver-arg'] },
  kubeControllerManagerArgs: { serverOnly: true, extraArgs: ['kube-controller-manager-arg'] },
  kubeSchedulerArgs: { serverOnly: true, extraArgs: ['kube-scheduler-arg'] },
  serverUrl: { extraArgs: ['server'], env: ['K3S_URL'] },
  token: {
    extraArgs: ['token-file', 'agent-token-file'],
    env: ['K3S_TOKEN_FILE', 'K3S_AGENT_TOKEN_FILE'],
  },
  network: {
    serverOnly: true,
    extraArgs: ['cluster-cidr', 'service-cidr', 'cluster-dns'],
    kubeletArgs: ['cluster-dns'],
    kubeProxyArgs: ['cluster-cidr'],
    kubeApiserverArgs: ['service-cluster-ip-range'],
    kubeControllerManagerArgs: ['cluster-cidr', 'service-cluster-ip-range'],
  },
  registries: { extraArgs: ['private-registry'] },
  drainTimeout: {},
  startTimeout: {},
} satisfies Record<keyof Required<K3sNodeProps>, Says>;

const SECRET = 'a secret in a manifest: give it to K3s in `envVariables`, from a Secret';
const NAMED_AFTER_POD = 'not possible: a node is named after its pod, which keeps its identity over a restart';

/** Flags that have no prop and would undo what the constructs do, each with the reason. */
const REFUSED: Record<string, string> = {
  token: 'a secret in a manifest: use `token`',
  'agent-token': 'a secret in a manifest: use `token`',
  'etcd-s3-access-key': SECRET,
  'etcd-s3-secret-key': SECRET,
  'etcd-s3-session-token': SECRET,
  'datastore-endpoint': `often ${SECRET} (K3S_DATASTORE_ENDPOINT)`,
  'vpn-auth': SECRET,
  'node-name': NAMED_AFTER_POD,
  'with-node-id': NAMED_AFTER_POD,
  'write-kubeconfig': 'not possible: the kubeconfig is published from the path that K3s writes by default',
  rootless: 'not possible: K3s runs as root of a system container, which is what rootless mode emulates',
  'cluster-init': 'set by `servers` of K3sCluster',
  'cluster-reset': 'not for a manifest: it would reset the cluster at each start. Run it by hand',
};

/** Words of the components that the probes of a node rely on. */
const REFUSED_ARGS: Partial<Record<Raw, string[]>> = {
  extraArgs: ['https-listen-port', 'bind-address'],
  kubeletArgs: ['healthz-bind-address', 'healthz-port'],
};

/** Variables of K3s that would undo what the constructs do, by the flag that says the same. */
const REFUSED_ENV: Record<string, string> = {
  K3S_NODE_NAME: 'node-name',
  K3S_KUBECONFIG_OUTPUT: 'write-kubeconfig',
  K3S_CLUSTER_INIT: 'cluster-init',
  K3S_CLUSTER_RESET: 'cluster-reset',
};

/** Variables of K3s that hold secrets. */
const SECRET_ENV = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'K3S_AGENT_TOKEN',
  'K3S_DATASTORE_ENDPOINT',
  'K3S_TOKEN',
  'K3S_VPN_AUTH',
];

/** Variables that the programs in the container read. */
const OWN_ENV = [
  'NODE_NAME',
  'NODE_ROLE',
  'NODE_KUBECONFIG',
  'DRAIN_SECONDS',
  'CPU_LIMIT',
  'MEMORY_LIMIT',
  'API_URL',
  'JOIN_URL',
  'POD_IP',
  'POD_IPS',
  'MEMBER_NAME',
];

/**
 * Refuses a raw word that says what a prop says, or undoes what the constructs do.
 *
 * @internal
 */
export function assertRaw(options: Partial<Record<Raw, string[]>>, where: string): void {
  for (const raw of RAW) {
    for (const arg of options[raw] ?? []) assertWord(raw, arg, where);
  }
}

function assertWord(raw: Raw, arg: string, where: string): void {
  const dashes = raw === 'extraArgs' ? '--' : '';
  const [, flag] = new RegExp(`^${dashes}([a-z0-9][a-z0-9-]*)(=.*)?$`, 's').exec(arg) ?? [];
  if (!flag) {
    const form = raw === 'extraArgs' ? "'--flag' or '--flag=value'" : "'flag=value', without leading dashes";
    throw new Error(`${where}: ${raw} has '${arg}'. Write each as ${form}`);
  }
  const prop = propThatSays((says) => says[raw], flag);
  if (prop) throw new Error(`${where}: ${raw} has ${dashes}${flag}, ${remedyOf(prop)}`);
  if (REFUSED_ARGS[raw]?.includes(flag)) {
    throw new Error(`${where}: ${raw} has ${dashes}${flag}, which the node's probes rely on. Leave it out`);
  }
  if (raw === 'extraArgs' && Object.hasOwn(REFUSED, flag)) {
    throw new Error(`${where}: extraArgs has --${flag}, which is ${REFUSED[flag]}`);
  }
}

/** @internal */
export function assertEnv(variables: Record<string, kplus.EnvValue> = {}, where: string): void {
  for (const [name, { value }] of Object.entries(variables)) {
    if (SECRET_ENV.includes(name) && value !== undefined) {
      throw new Error(
        `${where}: envVariables has ${name} as text, a secret in a manifest. Use EnvValue.fromSecretValue()`,
      );
    }
    const prop = propThatSays((says) => says.env, name);
    if (prop) throw new Error(`${where}: envVariables has ${name}, ${remedyOf(prop)}`);
    const flag = REFUSED_ENV[name];
    if (flag !== undefined) throw new Error(`${where}: envVariables has ${name}, which is ${REFUSED[flag]}`);
    if (OWN_ENV.includes(name)) {
      throw new Error(`${where}: envVariables has ${name}, which the node's own programs use. Use another name`);
    }
  }
}

/** @internal */
export function isServerOnly(prop: string): boolean {
  return Object.entries<Says>(SAYS).some(([name, { serverOnly }]) => name === prop && serverOnly);
}

function propThatSays(list: (says: Says) => readonly string[] | undefined, word: string): string | undefined {
  return Object.entries<Says>(SAYS).find(([, says]) => list(says)?.includes(word))?.[0];
}

function remedyOf(prop: string): string {
  if (prop === 'storage') return 'but Sysbox backs /var/lib/rancher/k3s and /var/lib/kubelet only. Use `storage`';
  return `which \`${prop}\` sets. Use \`${prop}\``;
}
