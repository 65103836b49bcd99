import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { ISystemWorkload, SpecialDirectory } from '../workloads';
import { EmbeddedEtcd } from './embedded-etcd';
import { assertEnv, extraArgs, flags, nodeArgs, serverArgs } from './k3s-args';
import { addK3s } from './k3s-init';
import { K3sNodeOptions, K3sServerOptions } from './k3s-options';
import { K3sRegistries } from './k3s-registries';
import { K3sToken } from './k3s-token';
import { k3sImage, K3sVersionOptions } from './k3s-version';
import { NestedNetwork, NestedNetworkOptions } from './nested-network';
import { programCommand, programsVolume, PROGRAMS_PATH } from './pod-programs';

/** What K3s in a system workload needs, as a server or an agent. */
export interface K3sPersonalityProps extends K3sVersionOptions, K3sNodeOptions {
  /**
   * The node's data: images, the database of a server, what identifies the node, files of its pods. With a claim that
   * follows the pod they outlive it. Give each pod a volume of its own.
   *
   * @default - an emptyDir: gone with the pod
   */
  readonly data?: kplus.Volume;

  /**
   * A registries.yaml.
   *
   * @default - none
   */
  readonly registries?: K3sRegistries;

  /**
   * How long the pods inside have to leave the node before it is stopped. The pod's own grace period is made longer.
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
}

/** K3s as a server in a system workload. */
export interface K3sServerProps extends K3sPersonalityProps, K3sServerOptions {
  /**
   * The tokens with which nodes join.
   *
   * @default - K3s makes one by itself and keeps it in its data
   */
  readonly token?: K3sToken;

  /**
   * The addresses inside.
   *
   * @default - pods in 10.52.0.0/16, Services in 10.53.0.0/16
   */
  readonly network?: NestedNetworkOptions;
}

/** K3s as an agent in a system workload. */
export interface K3sAgentProps extends K3sPersonalityProps {
  /** Where the server is, "https://name.namespace.svc:6443". */
  readonly serverUrl: string;

  /** The tokens with which nodes join. */
  readonly token: K3sToken;
}

/** K3s needs some seconds to end after the pods inside did. */
const STOP_SECONDS = 30;

const DATA = '/var/lib/rancher/k3s';
const PROBE_SECONDS = 10;

/**
 * K3s in a system workload, as its first process or as a unit of systemd: a whole Kubernetes node, with no privilege
 * outside. Its node is named after the pod, so that in a StatefulSet it stays the same node over a restart.
 *
 * Measured with K3s 1.36 and Sysbox 0.7: no flag for snapshotter, kubelet or cgroups is needed.
 */
export class K3sNode {
  /**
   * A server: API server, scheduler, database, and a node.
   *
   * @param workload the workload; a container is added to it
   * @param props what the server has
   */
  public static server(workload: ISystemWorkload, props: K3sServerProps): K3sNode {
    return K3sNode._server(workload, props);
  }

  /**
   * A server; with `etcd`, one of several.
   *
   * @internal
   */
  public static _server(workload: ISystemWorkload, props: K3sServerProps, etcd?: EmbeddedEtcd): K3sNode {
    const where = workload.node.path;
    const network = new NestedNetwork(props.network ?? {}, where);
    const { token } = props;
    const args = [
      ...flags('cluster-cidr', [network.clusterCidr]),
      ...flags('service-cidr', [network.serviceCidr]),
      ...flags('cluster-dns', [network.clusterDns]),
      ...(token ? [`--token-file=${TOKENS}/${token.serverKey}`] : []),
      ...(token?.agentKey ? [`--agent-token-file=${TOKENS}/${token.agentKey}`] : []),
      ...serverArgs(props, where),
      ...(etcd?.args() ?? []),
    ];
    const tokenKeys = token ? [token.serverKey, ...(token.agentKey ? [token.agentKey] : [])] : [];
    return new K3sNode(workload, props, {
      role: 'server',
      args,
      kubeconfig: `${DATA}/server/cred/admin.kubeconfig`,
      ports: [
        { name: 'api', number: 6443 },
        { name: 'kubelet', number: 10250 },
      ],
      token,
      tokenKeys,
      etcd,
    });
  }

  /**
   * An agent: a node of a cluster whose server is elsewhere.
   *
   * @param workload the workload; a container is added to it
   * @param props what the agent has
   */
  public static agent(workload: ISystemWorkload, props: K3sAgentProps): K3sNode {
    const { token, serverUrl } = props;
    if (!/^https:\/\/[^/\s]+$/.test(serverUrl)) {
      throw new Error(`${workload.node.path}: serverUrl '${serverUrl}' must be 'https://host:port', without a path`);
    }
    const key = token.agentKey ?? token.serverKey;
    return new K3sNode(workload, props, {
      role: 'agent',
      args: [`--server=${serverUrl}`, `--token-file=${TOKENS}/${key}`],
      kubeconfig: `${DATA}/agent/kubelet.kubeconfig`,
      ports: [{ name: 'kubelet', number: 10250 }],
      token,
      tokenKeys: [key],
    });
  }

  /** The container in which K3s runs, named "k3s". */
  public readonly container: kplus.Container;

  private constructor(
    private readonly workload: ISystemWorkload,
    props: K3sPersonalityProps,
    role: Role,
  ) {
    const where = workload.node.path;
    assertEnv(props.env, where);
    const drain = (props.drainTimeout ?? Duration.seconds(60)).toSeconds();
    const container = {
      name: 'k3s',
      image: k3sImage(props, where),
      ports: role.ports,
      envVariables: { ...props.env, ...environment(role, drain) },
      ...probes(props.startTimeout ?? Duration.minutes(10)),
      resources: props.resources,
    };
    const args = [
      role.role,
      '--node-name=$(NODE_NAME)',
      ...role.args,
      ...nodeArgs(props, where),
      ...(props.registries ? [`--private-registry=${REGISTRIES}/registries.yaml`] : []),
      ...extraArgs(props.extraArgs, where),
    ];
    this.container = addK3s(workload, container, { init: props.init, args, stopSeconds: drain + STOP_SECONDS });
    this.mountData(props.data);
    this.mountFiles(props, role);
    role.etcd?.mount(workload, this.container);
  }

  // All that K3s' image declares as VOLUME: without one of ours the engine makes its own, which nothing counts.
  private mountData(given: kplus.Volume | undefined): void {
    const data = given ?? kplus.Volume.fromEmptyDir(this.workload, 'K3sData', 'k3s-data');
    const scratch = kplus.Volume.fromEmptyDir(this.workload, 'K3sScratch', 'k3s-scratch');
    SpecialDirectory.K3S.mount(this.container, data, { subPath: 'k3s' });
    SpecialDirectory.KUBELET.mount(this.container, data, { subPath: 'kubelet' });
    // the node's password: a server takes a node of the same name with another one for a stranger
    this.container.mount('/etc/rancher/node', data, { subPath: 'node' });
    this.container.mount('/var/lib/cni', scratch, { subPath: 'cni' });
    this.container.mount('/var/log', scratch, { subPath: 'log' });
  }

  private mountFiles(props: K3sPersonalityProps, role: Role): void {
    const { workload } = this;
    this.container.mount(PROGRAMS_PATH, programsVolume(workload), { readOnly: true });
    if (props.registries) this.container.mount(REGISTRIES, props.registries._toVolume(workload), { readOnly: true });
    if (!role.token) return;
    const items = Object.fromEntries(role.tokenKeys.map((key) => [key, { path: key }]));
    const tokens = kplus.Volume.fromSecret(workload, 'K3sToken', role.token.secret, {
      name: 'k3s-token',
      defaultMode: 0o400,
      items,
    });
    this.container.mount(TOKENS, tokens, { readOnly: true });
  }
}

interface Role {
  readonly role: 'server' | 'agent';
  readonly args: string[];
  /** With which the node looks after itself. */
  readonly kubeconfig: string;
  readonly ports: kplus.ContainerPort[];
  readonly token?: K3sToken;
  readonly tokenKeys: string[];
  readonly etcd?: EmbeddedEtcd;
}

const TOKENS = '/etc/rancher/token';
const REGISTRIES = '/etc/rancher/registries';

function environment(role: Role, drainSeconds: number): Record<string, kplus.EnvValue> {
  const { CPU_LIMIT, MEMORY_LIMIT } = kplus.ResourceFieldPaths;
  return {
    NODE_NAME: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_NAME),
    NODE_ROLE: kplus.EnvValue.fromValue(role.role),
    NODE_KUBECONFIG: kplus.EnvValue.fromValue(role.kubeconfig),
    DRAIN_SECONDS: kplus.EnvValue.fromValue(`${drainSeconds}`),
    ...role.etcd?.environment(),
    // without a limit Kubernetes gives what the node around can allocate
    CPU_LIMIT: kplus.EnvValue.fromResource(CPU_LIMIT, { divisor: '1m' }),
    MEMORY_LIMIT: kplus.EnvValue.fromResource(MEMORY_LIMIT),
  };
}

function probes(startTimeout: Duration): Pick<kplus.ContainerProps, 'startup' | 'readiness'> {
  const periodSeconds = Duration.seconds(PROBE_SECONDS);
  const timeoutSeconds = Duration.seconds(2 * PROBE_SECONDS);
  const failureThreshold = Math.max(1, Math.ceil(startTimeout.toSeconds() / PROBE_SECONDS));
  return {
    startup: kplus.Probe.fromCommand(programCommand('started.sh'), { periodSeconds, timeoutSeconds, failureThreshold }),
    readiness: kplus.Probe.fromCommand(programCommand('ready.sh'), { periodSeconds, timeoutSeconds }),
  };
}
