import { Duration, Names, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { ClaimOptions, SystemOptions, SystemStatefulSet } from '../workloads';
import { assertSan } from './k3s-args';
import { K3sNode } from './k3s-node';
import { K3sNodeOptions, K3sServerOptions } from './k3s-options';
import { K3sRegistries } from './k3s-registries';
import { K3sToken } from './k3s-token';
import { k3sImage, K3sVersionOptions } from './k3s-version';
import { addPublisher } from './kubeconfig-publisher';
import { assertClusterName, INestedCluster, namespaceOf, NestedExpose } from './nested-cluster';
import { NestedNetwork, NestedNetworkOptions } from './nested-network';
import { programsConfigMap } from './pod-programs';
import { FilledSecret } from './secret-access';
import { generatedToken } from './token-job';

/** The servers of a K3sCluster. */
export interface K3sClusterServerOptions extends K3sServerOptions {
  /**
   * The claim for the data of the server: its database, and what its node keeps. It stays when the cluster is deleted, and
   * Kubernetes does not let it be changed here later.
   *
   * @default - 10 GiB of the default StorageClass
   */
  readonly storage?: ClaimOptions;
}

/** The agents of a K3sCluster. */
export interface K3sClusterAgentOptions extends K3sNodeOptions {
  /**
   * The claim for the data of each agent: images, files of its pods, what identifies it. It stays when the agent is deleted.
   *
   * @default - 10 GiB of the default StorageClass
   */
  readonly storage?: ClaimOptions;
}

/** A Kubernetes cluster in a few system pods. */
export interface K3sClusterProps extends K3sVersionOptions {
  /**
   * Name of the cluster; all objects are named after it. Refused: more than 45 characters.
   *
   * @default - made from the path of the construct
   */
  readonly clusterName?: string;

  /**
   * How many servers. Refused: other than 1.
   *
   * @default 1
   */
  readonly servers?: number;

  /**
   * How many agents. The server is a node as well.
   *
   * @default 0
   */
  readonly agents?: number;

  /**
   * What the server has.
   *
   * @default - K3s' defaults, and a claim of 10 GiB
   */
  readonly server?: K3sClusterServerOptions;

  /**
   * What each agent has.
   *
   * @default - K3s' defaults, and a claim of 10 GiB
   */
  readonly agent?: K3sClusterAgentOptions;

  /**
   * The addresses inside. They must not overlap those of the cluster around.
   *
   * @default - pods in 10.52.0.0/16, Services in 10.53.0.0/16
   */
  readonly network?: NestedNetworkOptions;

  /**
   * The tokens with which nodes join.
   *
   * @default - a Job makes them in the cluster, once, and keeps them in the Secret `<name>-token`
   */
  readonly token?: K3sToken;

  /**
   * How the API server is reached from outside the cluster around. The address is not known here: name it in
   * `server.tlsSans`.
   *
   * @default - only within the cluster around
   */
  readonly expose?: NestedExpose;

  /**
   * The address of the API server in the published kubeconfig, "https://k3s.example.org:6443". Its host is added to the
   * certificate.
   *
   * @default - that of the Service within the cluster around
   */
  readonly kubeconfigUrl?: string;

  /**
   * A registries.yaml for all nodes.
   *
   * @default - none
   */
  readonly registries?: K3sRegistries;

  /**
   * How many of the cluster's pods an eviction may take away at a time. 0 keeps the nodes around from being drained.
   *
   * @default 1
   */
  readonly maxUnavailable?: number;

  /**
   * How long the pods inside have to leave a node before it is stopped.
   *
   * @default Duration.seconds(60)
   */
  readonly drainTimeout?: Duration;

  /**
   * How long K3s has to start.
   *
   * @default Duration.minutes(10)
   */
  readonly startTimeout?: Duration;

  /**
   * What all pods have beyond cdk8s-plus.
   *
   * @default - they run under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;
}

const API_PORT = 6443;

const LABEL_CLUSTER = 'cdk8s-sysbox.io/k3s-cluster';
const LABEL_ROLE = 'cdk8s-sysbox.io/k3s-role';

/**
 * A Kubernetes cluster in a few system pods, without a controller: one K3s server and its agents, each an unprivileged pod
 * that keeps its data and its name over restarts. Needs a chart with a namespace.
 */
export class K3sCluster extends Construct implements INestedCluster {
  /** The key of the kubeconfig in its Secret; K3k uses the same. */
  public static readonly KUBECONFIG_KEY: string = 'kubeconfig.yaml';

  public readonly clusterName: string;
  public readonly kubeconfigSecret: kplus.ISecret;
  public readonly kubeconfigKey: string = K3sCluster.KUBECONFIG_KEY;

  /** The tokens with which nodes join. */
  public readonly token: K3sToken;

  /** The Service of the API server: an address that stays. */
  public readonly service: kplus.Service;

  /** The API server within the cluster around. */
  public readonly url: string;

  /** The server. */
  public readonly server: SystemStatefulSet;

  /** The agents; undefined when there are none. */
  public readonly agents?: SystemStatefulSet;

  private readonly network: NestedNetworkOptions;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: K3sClusterProps,
  ) {
    super(scope, id);
    const where = this.node.path;
    const { agents = 0 } = props;
    const name = props.clusterName ?? Names.toDnsLabel(this, { maxLen: 45 });
    this.clusterName = assertClusterName(name, where);
    assertCounts(props, where);
    const namespace = namespaceOf(this);
    this.network = props.network ?? {};
    assertRoom(this.network, props, where);

    programsConfigMap(this, name);
    this.service = this.newService();
    const host = `${this.service.name}.${namespace}.svc`;
    this.url = `https://${host}:${this.service.port}`;
    const image = k3sImage(props, where);
    this.token = props.token ?? generatedToken(this, name, image, props.system ?? {});
    const kubeconfig = new FilledSecret(this, 'Kubeconfig', `${name}-kubeconfig`);
    this.kubeconfigSecret = kubeconfig.secret;

    this.server = this.newServer(kubeconfig.serviceAccount, [this.service.name, ...sansOf(host)], image);
    this.agents = agents > 0 ? this.newAgents(agents) : undefined;
    this.addDisruptionBudget();
  }

  private newService(): kplus.Service {
    const { expose } = this.props;
    const nodePort = expose?.type === kplus.ServiceType.NODE_PORT ? expose.port : undefined;
    const port = expose?.type === kplus.ServiceType.LOAD_BALANCER ? expose.port : undefined;
    return new kplus.Service(this, 'Service', {
      metadata: { name: this.clusterName, labels: this.labels(), annotations: expose?.annotations },
      type: expose?.type,
      ports: [{ name: 'api', port: port ?? API_PORT, targetPort: API_PORT, nodePort }],
    });
  }

  private newServer(serviceAccount: kplus.IServiceAccount, sans: string[], image: string): SystemStatefulSet {
    const { server = {}, kubeconfigUrl } = this.props;
    const set = this.newSet('server', 1, this.service, serviceAccount);
    const { container } = K3sNode.server(set, {
      ...server,
      ...this.shared(set, server.storage),
      network: this.network,
      tlsSans: [
        ...sans,
        ...(kubeconfigUrl === undefined ? [] : [this.hostOf(kubeconfigUrl)]),
        ...(server.tlsSans ?? []),
      ],
    });
    addPublisher(set, container, {
      image,
      secret: this.kubeconfigSecret,
      key: this.kubeconfigKey,
      url: kubeconfigUrl ?? this.url,
    });
    return set;
  }

  private newAgents(replicas: number): SystemStatefulSet {
    const { agent = {} } = this.props;
    const service = new kplus.Service(this, 'AgentService', {
      metadata: { name: `${this.clusterName}-agent`, labels: this.labels() },
      clusterIP: 'None',
      ports: [{ name: 'kubelet', port: 10250 }],
    });
    const set = this.newSet('agent', replicas, service);
    K3sNode.agent(set, { ...agent, ...this.shared(set, agent.storage), serverUrl: this.url });
    return set;
  }

  private newSet(
    role: string,
    replicas: number,
    service: kplus.Service,
    serviceAccount?: kplus.IServiceAccount,
  ): SystemStatefulSet {
    const labels = { ...this.labels(), [LABEL_ROLE]: role };
    return new SystemStatefulSet(this, role === 'server' ? 'Server' : 'Agent', {
      metadata: { name: `${this.clusterName}-${role}`, labels },
      podMetadata: { labels },
      replicas,
      service,
      serviceAccount,
      podManagementPolicy: kplus.PodManagementPolicy.PARALLEL,
      system: this.props.system,
    });
  }

  private shared(set: SystemStatefulSet, storage: ClaimOptions = { storage: Size.gibibytes(10) }) {
    const { version, image, init, registries, drainTimeout, startTimeout } = this.props;
    const data = set.addVolumeClaimTemplate({ name: 'data', ...storage });
    return { version, image, init, registries, drainTimeout, startTimeout, data, token: this.token };
  }

  /** One budget for all pods, and none for a pod that is not ready anyway: such a pod must never hold up a drain. */
  private addDisruptionBudget(): void {
    new kplus.k8s.KubePodDisruptionBudget(this, 'DisruptionBudget', {
      metadata: { name: this.clusterName, labels: this.labels() },
      spec: {
        maxUnavailable: kplus.k8s.IntOrString.fromNumber(this.props.maxUnavailable ?? 1),
        selector: { matchLabels: this.labels() },
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    });
  }

  private labels(): Record<string, string> {
    return { [LABEL_CLUSTER]: this.clusterName };
  }

  private hostOf(url: string): string {
    const [, name, address] = /^https:\/\/(?:([^/:\s[\]]+)|\[([0-9a-fA-F:]+)\])(?::\d+)?$/.exec(url) ?? [];
    const host = name ?? address;
    if (host === undefined) {
      throw new Error(`${this.node.path}: kubeconfigUrl '${url}' must be 'https://host:port', without a path`);
    }
    assertSan(host, this.node.path);
    return host;
  }
}

/** The names by which the Service is found: with the search domains of a pod, and whole. */
function sansOf(host: string): string[] {
  return [host.replace(/\.svc$/, ''), host, `${host}.cluster.local`];
}

function assertCounts(props: K3sClusterProps, where: string): void {
  const { servers = 1, agents = 0, maxUnavailable = 1 } = props;
  if (servers !== 1) {
    throw new Error(
      `${where}: ${servers} servers are not offered: a member of an embedded etcd is known by the address of its pod, which ` +
        'changes with each restart. Use 1 server, which keeps its data on a claim, or K3kCluster',
    );
  }
  assertWhole('agents', agents, where);
  assertWhole('maxUnavailable', maxUnavailable, where);
}

function assertWhole(what: string, count: number, where: string): void {
  if (!Number.isInteger(count) || count < 0) {
    throw new Error(`${where}: ${what} is ${count}. Give a whole number from 0 on`);
  }
}

function assertRoom(network: NestedNetworkOptions, props: K3sClusterProps, where: string): void {
  const ownMask = props.server?.kubeControllerManagerArgs?.some((arg) => arg.startsWith('node-cidr-mask-size'));
  const checked = new NestedNetwork(network, where);
  if (!ownMask) checked.assertRoomFor(1 + (props.agents ?? 0));
}
