import { Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { ISystemWorkload, SpecialDirectory, SystemStorage } from '../workloads';
import { runAsRoot } from '../workloads/run-as-root';
import { EmbeddedEtcd } from './embedded-etcd';
import { extraArgs, nodeArgs } from './k3s-args';
import { addK3s, addSidecar } from './k3s-init';
import { K3sNodeProps } from './k3s-node-props';
import { agentRole, K3sRole, REGISTRIES, serverRole, TOKENS } from './k3s-role';
import { assertEnv } from './k3s-settings';
import { k3sImage } from './k3s-version';
import { assertMemory } from './node-memory';
import { nodeProbes } from './node-probes';
import { programsVolume, PROGRAMS_PATH } from './pod-programs';

/** K3s needs some seconds to end after the nested pods did. */
const STOP_SECONDS = 30;

/**
 * How K3sCluster and EphemeralK3s have their nodes.
 *
 * @internal
 */
export interface NodeVariant {
  readonly etcd?: EmbeddedEtcd;
  /** Name of the volume with the node's data. */
  readonly volumeName?: string;
  /** A native sidecar that takes pods when it has started, and is not drained. */
  readonly ephemeral?: boolean;
  readonly args?: string[];
}

/**
 * K3s in a system workload, as its first process or as a unit of systemd: a whole Kubernetes node, with no privilege on the
 * host. The node is named after the pod, so that in a StatefulSet it stays the same node over a restart.
 *
 * Measured with K3s 1.36 and Sysbox 0.7: no flag for snapshotter, kubelet or cgroups is needed.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { K3sNode, SystemDeployment } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'node', { namespace: 'dev' });
 * const deployment = new SystemDeployment(chart, 'Server', { replicas: 1 });
 * K3sNode.on(deployment, { version: 'v1.36.2+k3s1' });
 * app.synth();
 */
export class K3sNode extends Construct {
  /**
   * Add a container with K3s: a server, or with `serverUrl` an agent.
   *
   * @param workload the workload that becomes the node
   * @param props how the node is set up
   */
  public static on(workload: ISystemWorkload, props: K3sNodeProps): K3sNode {
    return new K3sNode(workload, props);
  }

  /** @internal */
  public static _on(workload: ISystemWorkload, props: K3sNodeProps, options: NodeVariant): K3sNode {
    return new K3sNode(workload, props, options);
  }

  /** The container in which K3s runs, named "k3s". */
  public readonly container: kplus.Container;

  private constructor(workload: ISystemWorkload, props: K3sNodeProps, options: NodeVariant = {}) {
    assertSingle(workload);
    super(workload, 'K3s');
    const where = workload.node.path;
    assertEnv(props.envVariables, where);
    const role = props.serverUrl === undefined ? serverRole(props, where) : agentRole(props, where);
    assertMemory(role.role, props.resources, where);
    const drain = (props.drainTimeout ?? Duration.seconds(60)).toSeconds();
    const probes = nodeProbes(role, props);
    const container = {
      name: 'k3s',
      image: k3sImage(workload, props),
      ports: role.ports,
      envVariables: { ...props.envVariables, ...environment(role, drain, options) },
      startup: probes.startup,
      readiness: probes.readiness,
      resources: props.resources,
    };
    const args = [
      role.role,
      '--node-name=$(NODE_NAME)',
      ...role.args,
      ...(options.etcd?.args() ?? []),
      ...(options.args ?? []),
      ...probes.args,
      ...nodeArgs(props, where),
      ...(props.registries ? [`--private-registry=${REGISTRIES}/registries.yaml`] : []),
      ...extraArgs(props, where),
    ];
    const stopSeconds = drain + STOP_SECONDS;
    this.container = options.ephemeral
      ? addSidecar(workload, container, { init: props.init, args, stopSeconds })
      : addK3s(workload, container, { init: props.init, args, stopSeconds });
    workload.system._change((spec) => runAsRoot(spec, 'k3s'));
    this.mountData(workload, props.storage, options.volumeName ?? 'k3s-data');
    this.mountFiles(props, role, workload);
    options.etcd?.mount(workload, this.container);
  }

  // All that K3s' image declares as VOLUME: without one of ours the engine makes its own, which nothing counts.
  private mountData(workload: ISystemWorkload, given: SystemStorage | undefined, name: string): void {
    const storage = given ?? SystemStorage.emptyDir(Size.gibibytes(20));
    const scratch = kplus.Volume.fromEmptyDir(this, 'Scratch', 'k3s-scratch');
    const data = storage._volumeIn(workload, this, name);
    if (data) {
      SpecialDirectory.K3S.mount(this.container, data, { subPath: 'k3s' });
      SpecialDirectory.KUBELET.mount(this.container, data, { subPath: 'kubelet' });
    }
    // the node's password: a server rejects a node of the same name with another one
    this.container.mount('/etc/rancher/node', data ?? scratch, { subPath: 'node' });
    this.container.mount('/var/lib/cni', scratch, { subPath: 'cni' });
    this.container.mount('/var/log', scratch, { subPath: 'log' });
  }

  private mountFiles(props: K3sNodeProps, role: K3sRole, workload: ISystemWorkload): void {
    this.container.mount(PROGRAMS_PATH, programsVolume(workload), { readOnly: true });
    if (props.registries) this.container.mount(REGISTRIES, props.registries._toVolume(this), { readOnly: true });
    if (!props.token) return;
    const items = Object.fromEntries(role.tokenKeys.map((key) => [key, { path: key }]));
    const tokens = kplus.Volume.fromSecret(this, 'Token', props.token.secret, {
      name: 'k3s-token',
      defaultMode: 0o400,
      items,
    });
    this.container.mount(TOKENS, tokens, { readOnly: true });
  }
}

function assertSingle(workload: ISystemWorkload): void {
  if (!workload.node.tryFindChild('K3s')) return;
  throw new Error(
    `${workload.node.path}: a pod is one K3s node, and this one has K3s already. Use a workload of its own`,
  );
}

function environment(
  role: K3sRole,
  drainSeconds: number,
  { etcd, ephemeral }: NodeVariant,
): Record<string, kplus.EnvValue> {
  const { CPU_LIMIT, MEMORY_LIMIT } = kplus.ResourceFieldPaths;
  return {
    NODE_NAME: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_NAME),
    NODE_ROLE: kplus.EnvValue.fromValue(ephemeral ? 'ephemeral' : role.role),
    NODE_KUBECONFIG: kplus.EnvValue.fromValue(role.kubeconfig),
    DRAIN_SECONDS: kplus.EnvValue.fromValue(`${drainSeconds}`),
    POD_IP: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_IP),
    POD_IPS: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_IPS),
    ...(role.apiUrl !== undefined && { API_URL: kplus.EnvValue.fromValue(role.apiUrl) }),
    ...etcd?.environment(),
    // without a limit Kubernetes gives what the host's node can allocate
    CPU_LIMIT: kplus.EnvValue.fromResource(CPU_LIMIT, { divisor: '1m' }),
    MEMORY_LIMIT: kplus.EnvValue.fromResource(MEMORY_LIMIT),
  };
}
