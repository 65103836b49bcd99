import { Duration, Names, Size } from 'cdk8s';
import { claimNames } from '../core/unique-names';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { SystemOptions, SystemStatefulSet, SystemStorage } from '../workloads';
import { assertNodeCounts, NodeCounts } from './cluster-size';
import { addDisruptionBudgets } from './disruption-budgets';
import { addMemberServices, EmbeddedEtcd } from './embedded-etcd';
import { assertSan } from './k3s-args';
import { K3sNode } from './k3s-node';
import { K3sNodeProps } from './k3s-node-props';
import { K3sNodeOptions, K3sServerOptions } from './k3s-options';
import { K3sRegistries } from './k3s-registries';
import { K3sToken } from './k3s-token';
import { k3sImage, K3sVersionOptions } from './k3s-version';
import { addPublisher } from './kubeconfig-publisher';
import { assertClusterName, INestedCluster, namespaceOf, ApiServerExposure } from './nested-cluster';
import { NestedNetworkOptions } from './nested-network';
import { programsConfigMap } from './pod-programs';
import { RuntimePopulatedSecret } from './runtime-populated-secret';
import { generatedToken } from './token-job';

/** A Kubernetes cluster in a few system pods. */
export interface K3sClusterProps extends K3sVersionOptions {
  /**
   * Name of the cluster; all objects are named after it. Refused: more than 45 characters.
   *
   * @default - made from the path of the construct
   */
  readonly clusterName?: string;

  /**
   * Number of servers: 1, which keeps its data in SQLite, or 3 or 5, which share an embedded etcd and tolerate the loss of one or
   * two. Refused: other numbers, since an even one tolerates no more failures than the odd one below.
   *
   * From 1 to 3, the new servers wait until the pod of the first, "<name>-server-0", is deleted: it starts again, migrates its
   * data from SQLite to etcd (K3s does so at `--cluster-init`), is unavailable for a minute, and the others join it. The old
   * file stays as `state.db.migrated`. The number cannot go back to 1: an etcd of three has no quorum with one member.
   *
   * @default 1
   */
  readonly servers?: number;

  /**
   * Number of agents. The servers are nodes as well.
   *
   * @default 0
   */
  readonly agents?: number;

  /**
   * How each server is set up.
   *
   * @default - K3s' defaults, and a claim of 10 GiB
   */
  readonly server?: K3sServerOptions;

  /**
   * How each agent is set up.
   *
   * @default - K3s' defaults, and a claim of 10 GiB
   */
  readonly agent?: K3sNodeOptions;

  /**
   * The addresses of the nested cluster. They must not overlap those of the host cluster.
   *
   * @default - pods in 10.52.0.0/16, Services in 10.53.0.0/16
   */
  readonly network?: NestedNetworkOptions;

  /**
   * The tokens with which nodes join. The servers' token also encrypts the cluster's certificates in its database, so that no
   * server starts with another one later (K3s, pkg/cluster/storage.go).
   *
   * @default - a Job generates them in the cluster, once, and stores them in the Secret `<name>-token`
   */
  readonly token?: K3sToken;

  /**
   * How the API server is reached from outside the host cluster. The address is not known here: add it to `server.tlsSans`.
   *
   * @default - only within the host cluster
   */
  readonly expose?: ApiServerExposure;

  /**
   * The address of the API server in the published kubeconfig, "https://k3s.example.org:6443". Its host is added to the
   * certificate.
   *
   * @default - that of the Service in the host cluster
   */
  readonly kubeconfigUrl?: string;

  /**
   * A registries.yaml for all nodes.
   *
   * @default - none
   */
  readonly registries?: K3sRegistries;

  /**
   * How many of the cluster's pods may be evicted at a time. 0 keeps the host's nodes from being drained. Of several servers it is
   * never more than one.
   *
   * @default 1
   */
  readonly maxUnavailable?: number;

  /**
   * How long the nested pods have to leave a node before it is stopped.
   *
   * @default Duration.seconds(60)
   */
  readonly drainTimeout?: Duration;

  /**
   * How long K3s has to become ready after each start.
   *
   * @default Duration.minutes(10)
   */
  readonly startTimeout?: Duration;

  /**
   * Settings of all pods beyond cdk8s-plus.
   *
   * @default - they run under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;
}

const API_PORT = 6443;

/** Part of the names of the claims: `data-<cluster>-server-0`. */
const DATA_VOLUME = 'data';

const LABEL_CLUSTER = 'cdk8s-sysbox.io/k3s-cluster';
const LABEL_ROLE = 'cdk8s-sysbox.io/k3s-role';

/**
 * A Kubernetes cluster in a few system pods, without a controller: one K3s server, or several that share an etcd, and
 * agents, each an unprivileged pod that keeps its data and its name over restarts. Needs a chart with a namespace.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { K3sCluster, K3sComponent } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'cluster', { namespace: 'dev' });
 * new K3sCluster(chart, 'Dev', {
 *   clusterName: 'dev',
 *   version: 'v1.36.2+k3s1',
 *   agents: 2,
 *   server: { disable: [K3sComponent.TRAEFIK] },
 * });
 * app.synth();
 */
export class K3sCluster extends Construct implements INestedCluster {
  /** The key of the kubeconfig in its Secret; K3k uses the same. */
  public static readonly KUBECONFIG_KEY: string = 'kubeconfig.yaml';

  public readonly clusterName: string;
  public readonly kubeconfigSecret: kplus.ISecret;
  public readonly kubeconfigKey: string = K3sCluster.KUBECONFIG_KEY;

  /** The tokens with which nodes join. */
  public readonly token: K3sToken;

  /** The Service of the API server: a stable address. */
  public readonly service: kplus.Service;

  /** The URL of the API server in the host cluster. */
  public readonly url: string;

  /** The servers. */
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
    const { servers = 1, agents = 0 } = props;
    const name = props.clusterName ?? Names.toDnsLabel(this, { maxLen: 45 });
    this.clusterName = assertClusterName(name, where);
    assertNodeCounts(this.counts(), where);
    const namespace = namespaceOf(this);
    this.network = props.network ?? {};

    programsConfigMap(this, name);
    this.service = this.newService();
    const host = `${this.service.name}.${namespace}.svc`;
    this.url = `https://${host}:${this.service.port}`;
    const image = k3sImage(this, props);
    this.token = props.token ?? generatedToken(this, name, { image, system: props.system });
    const kubeconfig = new RuntimePopulatedSecret(this, 'Kubeconfig', `${name}-kubeconfig`);
    this.kubeconfigSecret = kubeconfig.secret;

    this.server = this.newServer(kubeconfig.serviceAccount, [this.service.name, ...sansOf(host)], image);
    this.agents = agents > 0 ? this.newAgents(agents) : undefined;
    addDisruptionBudgets(this, {
      clusterName: name,
      servers,
      maxUnavailable: props.maxUnavailable ?? 1,
      labels: this.labels(),
      serverLabels: this.labels('server'),
      agentLabels: this.agents && this.labels('agent'),
    });
    claimNames(this);
  }

  private counts(): NodeCounts {
    const { servers = 1, agents = 0, maxUnavailable = 1, server = {}, network = {} } = this.props;
    return {
      servers,
      agents,
      maxUnavailable,
      network,
      customMask: server.kubeControllerManagerArgs?.some((arg) => arg.startsWith('node-cidr-mask-size')) ?? false,
      externalDatastore: 'K3S_DATASTORE_ENDPOINT' in (server.envVariables ?? {}),
    };
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
    const { servers = 1, server = {}, kubeconfigUrl } = this.props;
    const set = this.newSet('server', servers, this.service, serviceAccount);
    const props = {
      ...this.shared(server),
      network: this.network,
      tlsSans: [
        ...sans,
        ...(kubeconfigUrl === undefined ? [] : [this.hostOf(kubeconfigUrl)]),
        ...(server.tlsSans ?? []),
      ],
    };
    const etcd = servers > 1 ? this.newEtcd(set, servers) : undefined;
    const { container } = K3sNode._on(set, props, { etcd, volumeName: DATA_VOLUME });
    addPublisher(set, container, {
      image,
      secret: this.kubeconfigSecret,
      key: this.kubeconfigKey,
      url: kubeconfigUrl ?? this.url,
    });
    return set;
  }

  private newEtcd(set: SystemStatefulSet, servers: number): EmbeddedEtcd {
    addMemberServices(set, servers, this.labels());
    this.spreadOverNodes(set);
    return new EmbeddedEtcd({
      joinUrl: this.url,
      domain: `${namespaceOf(this)}.svc`,
      kubeconfig: this.kubeconfigSecret,
      kubeconfigKey: this.kubeconfigKey,
    });
  }

  /** Servers on one node fail together. Only a preference, so that a cluster of one node can run them all. */
  private spreadOverNodes(set: SystemStatefulSet): void {
    const topologyKey = 'kubernetes.io/hostname';
    if (this.props.system?.topologySpreadConstraints?.some((given) => given.topologyKey === topologyKey)) return;
    set.system.addTopologySpreadConstraint({ topologyKey, maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' });
  }

  private newAgents(replicas: number): SystemStatefulSet {
    const { agent = {} } = this.props;
    const service = new kplus.Service(this, 'AgentService', {
      metadata: { name: `${this.clusterName}-agent`, labels: this.labels() },
      clusterIP: 'None',
      ports: [{ name: 'kubelet', port: 10250 }],
    });
    const set = this.newSet('agent', replicas, service);
    K3sNode._on(set, { ...this.shared(agent), serverUrl: this.url }, { volumeName: DATA_VOLUME });
    return set;
  }

  private newSet(
    role: string,
    replicas: number,
    service: kplus.Service,
    serviceAccount?: kplus.IServiceAccount,
  ): SystemStatefulSet {
    const labels = this.labels(role);
    return new SystemStatefulSet(this, role === 'server' ? 'Server' : 'Agent', {
      metadata: { name: `${this.clusterName}-${role}`, labels },
      podMetadata: { labels },
      replicas,
      service,
      serviceAccount,
      // members of an etcd make each other ready, so none may wait for another to be; updates are one by one all the same
      podManagementPolicy: kplus.PodManagementPolicy.PARALLEL,
      system: this.props.system,
    });
  }

  private shared<T extends K3sNodeOptions>(options: T): T & K3sNodeProps {
    const { version, image, imageRepository, init, registries, drainTimeout, startTimeout } = this.props;
    return {
      storage: SystemStorage.claim({ storage: Size.gibibytes(10) }),
      ...options,
      ...{ version, image, imageRepository, init, registries, drainTimeout, startTimeout },
      token: this.token,
    };
  }

  private labels(role?: string): Record<string, string> {
    return { [LABEL_CLUSTER]: this.clusterName, ...(role !== undefined && { [LABEL_ROLE]: role }) };
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

/** The names of the Service: with the search domains of a pod, and in full. */
function sansOf(host: string): string[] {
  return [host.replace(/\.svc$/, ''), host, `${host}.cluster.local`];
}
