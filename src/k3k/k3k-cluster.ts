import { ApiObject, Names } from 'cdk8s';
import { claimNames } from '../core/unique-names';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import {
  ClusterSpec,
  ClusterSpecMode,
  ClusterSpecPersistenceStorageRequestSize,
  ClusterSpecSecretMountsRole,
  toJson_ClusterSpec,
} from '../../imports/k3k.io';
import {
  INestedCluster,
  K3sCluster,
  K3sNodeOptions,
  K3sRegistries,
  K3sServerOptions,
  K3sToken,
  ApiServerExposure,
  NestedNetworkOptions,
} from '../k3s';
import { assertSan } from '../k3s/k3s-args';
import { k3sTag } from '../k3s/k3s-version';
import { assertClusterName, namespaceOf } from '../k3s/nested-cluster';
import { NestedNetwork } from '../k3s/nested-network';
import { SystemOptions } from '../workloads';
import { k3kAgentArgs, k3kServerArgs, toManifestJson } from './k3k-args';
import { assertAgentStorage, k3kPersistence } from './k3k-persistence';
import { K3kSecurity } from './k3k-security';

/** An Ingress for the API server of a K3k cluster; its controller must pass TLS through. */
export interface K3kIngressOptions {
  /**
   * Name of the IngressClass.
   *
   * @default - the cluster's default class
   */
  readonly ingressClassName?: string;

  /**
   * Annotations of the Ingress.
   *
   * @default - none
   */
  readonly annotations?: Record<string, string>;
}

/** A K3k cluster in system pods. */
export interface K3kClusterProps {
  /**
   * Version of K3s, "v1.36.2+k3s1" or "v1.36.2-k3s1".
   *
   * @default - that of the host cluster, as K3k chooses
   */
  readonly version?: string;

  /**
   * Name of the cluster. Refused: more than 45 characters.
   *
   * @default - made from the path of the construct
   */
  readonly clusterName?: string;

  /**
   * Number of servers, with an embedded etcd in each. Refused: an even number, which tolerates no more failures than one server
   * fewer. Tested under Sysbox by K3k's developers: 1 (k3k#582).
   *
   * @default 1
   */
  readonly servers?: number;

  /**
   * Number of agents.
   *
   * @default 0
   */
  readonly agents?: number;

  /**
   * How the servers are set up. `storage` is `SystemStorage.claim()` or `SystemStorage.emptyDir()` without a limit, the two that K3k
   * has. `resources` with requests need Kubernetes 1.34, as K3k gives them to the pod as a whole; limits alone do not.
   *
   * @default - K3s' defaults and a claim of 10 GiB; K3k's own default of 2 GB does not hold the images of a few workloads
   */
  readonly server?: K3sServerOptions;

  /**
   * How the agents are set up. `storage` is refused: K3k keeps their data in an emptyDir.
   *
   * @default - K3s' defaults
   */
  readonly agent?: K3sNodeOptions;

  /**
   * The addresses of the nested cluster, of one family. They must not overlap those of the host cluster.
   *
   * @default - pods in 10.52.0.0/16, Services in 10.53.0.0/16
   */
  readonly network?: NestedNetworkOptions;

  /**
   * The token with which nodes join: K3k reads the key "token".
   *
   * @default - K3k generates one and stores it in the Secret `k3k-<name>-token`
   */
  readonly token?: K3sToken;

  /**
   * How the API server is reached from outside the host cluster. Refused together with `ingress`.
   *
   * @default - only within the host cluster
   */
  readonly expose?: ApiServerExposure;

  /**
   * An Ingress to the API server.
   *
   * @default - none
   */
  readonly ingress?: K3kIngressOptions;

  /**
   * A registries.yaml for all nodes, from a Secret: K3k mounts nothing else.
   *
   * @default - none
   */
  readonly registries?: K3sRegistries;

  /**
   * Settings of the pods beyond K3k's defaults: runtime, node selector, priority class, Pod Security, seccomp profile, warnings. The rest of
   * the group has no field in K3k and is refused.
   *
   * @default - they run under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;

  /**
   * Further fields of the Cluster's spec, as K3k names them: `addons`, `customCAs`, `sync`, `serverAffinity`… Refused: fields
   * that are set by the other props.
   *
   * @default - none
   */
  readonly extraSpec?: Record<string, any>;
}

/** Fields that this construct sets or leaves out on purpose. */
const RESERVED_KEYS = [
  'agentArgs',
  'agentEnvs',
  'agents',
  'clusterCIDR',
  'clusterDNS',
  'expose',
  'hostUsers',
  'mode',
  'nodeSelector',
  'persistence',
  'podSecurityContext',
  'priorityClass',
  'runtimeClassName',
  'secretMounts',
  'securityContext',
  'serverArgs',
  'serverEnvs',
  'serverLimit',
  'serverResources',
  'servers',
  'serviceCIDR',
  'tlsSANs',
  'tokenSecretRef',
  'version',
  'workerLimit',
  'workerResources',
];

/**
 * A Cluster of K3k (https://github.com/rancher/k3k, 1.1 or later) whose nodes are system pods: K3k's virtual mode, without the
 * privileged containers that it has by default. K3k's controller must be installed.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { K3kCluster } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'cluster', { namespace: 'team-a' });
 * new K3kCluster(chart, 'TeamA', { clusterName: 'team-a', agents: 2 });
 * app.synth();
 */
export class K3kCluster extends Construct implements INestedCluster {
  public readonly clusterName: string;
  public readonly kubeconfigSecret: kplus.ISecret;
  public readonly kubeconfigKey: string = K3sCluster.KUBECONFIG_KEY;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: K3kClusterProps = {},
  ) {
    super(scope, id);
    const name = props.clusterName ?? Names.toDnsLabel(this, { maxLen: 45 });
    this.clusterName = assertClusterName(name, this.node.path);
    // Source: k3k pkg/controller/controller.go, SafeConcatNameWithPrefix; it shortens only what is longer than ours can be
    this.kubeconfigSecret = kplus.Secret.fromSecretName(this, 'Kubeconfig', `k3k-${name}-kubeconfig`);
    this.assertCounts();
    assertAgentStorage(props.agent?.storage, this.node.path);

    new ApiObject(this, 'Resource', {
      apiVersion: 'k3k.io/v1beta1',
      kind: 'Cluster',
      metadata: { name },
      spec: { ...toJson_ClusterSpec(this.spec()), ...this.nodesAsJson(), ...this.extraSpec() },
    });
    claimNames(this);
    const security = new K3kSecurity(props.system ?? {}, this.node.path);
    this.node.addValidation({ validate: () => security.classErrors(this) });
  }

  private spec(): ClusterSpec {
    const { props } = this;
    const { server = {}, agent = {} } = props;
    const where = this.node.path;
    for (const san of server.tlsSans ?? []) assertSan(san, where);
    return {
      mode: ClusterSpecMode.VIRTUAL,
      version: props.version && k3sTag(props.version, where),
      servers: props.servers ?? 1,
      agents: props.agents ?? 0,
      ...this.network(),
      ...new K3kSecurity(props.system ?? {}, where).toSpec(),
      persistence: this.persistence(),
      expose: this.expose(),
      tokenSecretRef: this.tokenSecretRef(),
      tlsSaNs: server.tlsSans,
      serverArgs: k3kServerArgs(server, where),
      agentArgs: k3kAgentArgs(agent, where),
      secretMounts: this.secretMounts(),
    };
  }

  private network(): ClusterSpec {
    const network = new NestedNetwork(this.props.network ?? {}, this.node.path);
    if (network.dualStack) {
      throw new Error(
        `${this.node.path}: K3k has one CIDR for pods and one for Services. Give one family, or use K3sCluster`,
      );
    }
    const ownMask = this.props.server?.kubeControllerManagerArgs?.some((arg) => arg.startsWith('node-cidr-mask-size'));
    if (!ownMask) network.assertRoomFor((this.props.servers ?? 1) + (this.props.agents ?? 0));
    return { clusterCidr: network.clusterCidr, serviceCidr: network.serviceCidr, clusterDns: network.clusterDns };
  }

  private persistence(): ClusterSpec['persistence'] {
    const { type, storageRequestSize, storageClassName } = k3kPersistence(this.props.server?.storage, this.node.path);
    return {
      type,
      storageClassName,
      storageRequestSize:
        storageRequestSize === undefined
          ? undefined
          : ClusterSpecPersistenceStorageRequestSize.fromString(storageRequestSize),
    };
  }

  private expose(): ClusterSpec['expose'] {
    const { expose, ingress } = this.props;
    if (expose && ingress) throw new Error(`${this.node.path}: expose and ingress exclude each other in K3k. Give one`);
    if (ingress) return { ingress };
    if (!expose) return undefined;
    const ports = { serverPort: expose.port };
    const annotations = Object.keys(expose.annotations).length > 0 ? expose.annotations : undefined;
    const loadBalancer = expose.type === kplus.ServiceType.LOAD_BALANCER;
    return { annotations, ...(loadBalancer ? { loadBalancer: ports } : { nodePort: ports }) };
  }

  private tokenSecretRef(): ClusterSpec['tokenSecretRef'] {
    const { token } = this.props;
    if (!token) return undefined;
    if (token.serverKey !== 'token' || token.agentKey !== undefined) {
      throw new Error(
        `${this.node.path}: K3k reads its token from the key 'token' and has none for agents. Use such a Secret`,
      );
    }
    return { name: token.secret.name, namespace: namespaceOf(this) };
  }

  private secretMounts(): ClusterSpec['secretMounts'] {
    const { registries } = this.props;
    if (!registries) return undefined;
    if (!registries.secret) {
      throw new Error(`${this.node.path}: K3k mounts Secrets only. Use K3sRegistries.fromSecret()`);
    }
    const mountPath = '/etc/rancher/k3s/registries.yaml';
    return [
      { secretName: registries.secret.name, mountPath, subPath: registries.key, role: ClusterSpecSecretMountsRole.ALL },
    ];
  }

  private nodesAsJson(): Record<string, unknown> {
    const server = toManifestJson('server', this.props.server ?? {}, this.node.path);
    const agent = toManifestJson('agent', this.props.agent ?? {}, this.node.path);
    return {
      serverEnvs: server.env,
      agentEnvs: agent.env,
      ...this.resources('server', server.resources),
      ...this.resources('worker', agent.resources),
    };
  }

  /** Limits alone are K3k's own "limit" of the container; with requests they are those of the whole pod. */
  private resources(role: string, resources: Record<string, unknown> | undefined): Record<string, unknown> {
    if (!resources) return {};
    if (!resources.requests) return { [`${role}Limit`]: resources.limits };
    new K3kSecurity(this.props.system ?? {}, this.node.path).assertPodResources();
    return { [`${role}Resources`]: resources };
  }

  private extraSpec(): Record<string, unknown> {
    const { extraSpec = {} } = this.props;
    const own = Object.keys(extraSpec).find((field) => RESERVED_KEYS.includes(field));
    if (own) throw new Error(`${this.node.path}: extraSpec has '${own}', which another prop sets. Use that prop`);
    return extraSpec;
  }

  private assertCounts(): void {
    const { servers = 1, agents = 0 } = this.props;
    const where = this.node.path;
    if (!Number.isInteger(servers) || servers < 1 || servers % 2 === 0) {
      throw new Error(
        `${where}: servers is ${servers}. Give an odd number: etcd needs a majority, and an even number tolerates no more failures`,
      );
    }
    if (!Number.isInteger(agents) || agents < 0) {
      throw new Error(`${where}: agents is ${agents}. Give a whole number from 0`);
    }
  }
}
