import * as kplus from 'cdk8s-plus-30';
import { claimNames } from '../core/unique-names';
import { Construct } from 'constructs';
import { assertHandler } from '../containerd/containerd-runtime';
import { tolerationOf } from '../core/foreign-resource';
import { clusterScoped } from '../core/cluster-scoped';
import { NodeLabels } from '../core/labels';
import { addStandardLabels } from '../core/standard-labels';
import { addProgramFiles, checkedCommand } from '../core/program-files';
import { neverAdopt } from '../runtime/never-adopted';
import { SysboxRuntimeClass } from '../runtime/runtime-class';
import { ISysboxRuntime } from '../runtime/runtime-ref';
import { RuntimeScheduling } from '../runtime/runtime-scheduling';
import { VERIFICATION_NAMESPACE, verificationClassOf } from '../runtime/verification';
import { assertLabel, assertSubdomain } from '../core/names';
import { addAccess } from './access';
import { addDaemonSet, PROGRAMS_PATH } from './daemon-set';
import { fsArgs, managerArgs, SysboxDaemonOptions } from './daemon-args';
import { nodeConfiguration, nodePrograms } from './node-files';
import { addRolloutPolicy } from './rollout-policy';
import { addNodePolicy } from './node-policy';
import { RolloutOptions, rolloutOf } from './rollout';
import { SysboxSource } from './sysbox-source';
import { addVerification } from './verification';

/** Settings of the nodes that the installer cannot find out, or must not decide. */
export interface NodeOptions {
  /**
   * Name of the systemd unit in which the container engine runs, without ".service". It is found from the engine's cgroup in any case;
   * with this prop, a node with another unit is refused.
   *
   * @default - whatever unit it is: k3s, k3s-agent, rke2-server, rke2-agent, k0sworker, containerd, crio, or a renamed one
   */
  readonly unit?: string;

  /**
   * sha256 of a hand-written `config.toml.tmpl` or `config-v3.toml.tmpl` of K3s or RKE2, or of a `config.toml` of plain containerd
   * that imports nothing, which the installer may replace. The file is kept and an uninstall puts it back. Refused: what is not 64
   * hexadecimal digits.
   *
   * @default - a foreign template is never changed; the installer says which lines to add to it
   */
  readonly takeoverSha256?: string;

  /**
   * Dry run: preflight, and validation against the node's own containerd. Nothing is written except the programs' own directory. The
   * result is in the nodes' annotations.
   *
   * @default false
   */
  readonly dryRun?: boolean;

  /**
   * Install what the host lacks of rsync, modprobe, iptables and fusermount, without which Sysbox' daemons do not start, with
   * its apt-get, dnf or zypper (packages rsync, kmod, iptables, fuse3). The nodes must reach their distribution's packages. The
   * packages are the host's from then on: an uninstall leaves them.
   *
   * @default false: a node that lacks one is refused with the names, since a package manager can change more than it was asked for
   */
  readonly installPackages?: boolean;
}

/** How the runtime is put on the nodes. */
export interface SysboxInstallationProps {
  /**
   * Where the Sysbox binaries come from.
   *
   * @default SysboxSource.image()
   */
  readonly source?: SysboxSource;

  /**
   * Namespace of the installer. Its pods are root on the host: keep others out of it.
   *
   * @default "sysbox-system"
   */
  readonly namespace?: string;

  /**
   * Write the installer's Namespace object, with Pod Security level `privileged`. Without it, the namespace must exist and carry
   * `pod-security.kubernetes.io/enforce: privileged`. The namespace `sysbox-verification`, in which the installer runs one pod without
   * privilege per node and change, is always written.
   *
   * @default true
   */
  readonly createNamespace?: boolean;

  /**
   * Labels of the nodes that get the runtime, in addition to `sysbox-install=yes`.
   *
   * @default - every node with `sysbox-install=yes`
   */
  readonly nodeSelector?: Record<string, string>;

  /**
   * Taints that the installer tolerates.
   *
   * @default - all of them, so that servers and nodes with the startup taint are reached
   */
  readonly tolerations?: kplus.NodeTaintQuery[];

  /**
   * PriorityClass of the installer.
   *
   * @default "system-node-critical"
   */
  readonly priorityClassName?: string;

  /**
   * Resources of the installer's container.
   *
   * @default - requests of 10m CPU and 32Mi, a limit of 128Mi
   */
  readonly resources?: kplus.ContainerResources;

  /**
   * How a change is rolled out to the nodes.
   *
   * @default - one node, then waves that double up to 5 % of the nodes; the first failure stops the rollout
   */
  readonly rollout?: RolloutOptions;

  /**
   * Settings of the nodes.
   *
   * @default - the engine is recognized on each node
   */
  readonly node?: NodeOptions;

  /**
   * Arguments of Sysbox's daemons.
   *
   * @default - as upstream on Kubernetes
   */
  readonly daemons?: SysboxDaemonOptions;

  /**
   * Remove the runtime from the nodes: they are drained one by one, and every file that was written is removed, and nothing else. Take
   * the installer out of the app when all nodes are done.
   *
   * @default false
   */
  readonly uninstall?: boolean;
}

/** What puts Sysbox on the nodes of a cluster. */
export interface SysboxInstallerProps extends SysboxInstallationProps {
  /**
   * The RuntimeClass that pods will use. The engine of a node is recognized on the node, whatever the runtime object says.
   */
  readonly runtimeClass: ISysboxRuntime;

  /**
   * Name of the runtime in containerd's configuration: the RuntimeClass' handler. Refused: what is not a DNS label, and the
   * names of K3s's own runtimes.
   *
   * @default "sysbox-runc"
   */
  readonly handler?: string;
}

/**
 * Installs Sysbox on the nodes with `sysbox-install=yes`: namespaces, rights, admission policies, a second RuntimeClass with which a
 * node is verified before it is labelled, node programs, DaemonSet.
 *
 * Its pods mount the host's root and share its process ids: they are root on the host, and on a K3s server that is
 * cluster-admin. The admission policy bounds what their API token can do, not what the host's root can.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { RuntimeReference, SysboxInstaller } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * // Another chart owns the RuntimeClass.
 * const installer = new SysboxInstaller(chart, 'Installer', {
 *   runtimeClass: RuntimeReference.fromRuntimeClassName('sysbox-runc'),
 *   nodeSelector: { pool: 'sandboxes' },
 * });
 * console.error(`A change that fails on every node is stopped after ${installer.worstLoss}.`);
 */
export class SysboxInstaller extends Construct {
  /** Name of every object of the installer. */
  public static readonly NAME: string = 'sysbox-installer';

  /** Namespace of the installer. */
  public readonly namespace: string;

  /** How many nodes a change that fails everywhere can hit, such as "5% of the nodes (at least 1 node)". */
  public readonly worstLoss: string;

  constructor(scope: Construct, id: string, props: SysboxInstallerProps) {
    super(scope, id);
    neverAdopt(this);
    const where = this.node.path;
    const name = SysboxInstaller.NAME;
    const source = props.source ?? SysboxSource.image();
    this.namespace = props.namespace ?? 'sysbox-system';
    assertSubdomain(this.namespace, `${where}: namespace`);
    const handler = props.handler ?? SysboxRuntimeClass.DEFAULT_NAME;
    assertHandler(handler, where);
    const rollout = rolloutOf(props.rollout ?? {}, where);
    this.worstLoss = rollout.worstLoss;
    const node = checkedNode(props.node ?? {}, where);
    if (node.dryRun && props.uninstall) {
      throw new Error(
        `${where}: node.dryRun and uninstall are both set, and a dry run removes nothing. Leave one of them out`,
      );
    }
    const nodeSelector = installSelector(props.nodeSelector ?? {}, where);

    if (props.createNamespace ?? true) addNamespace(this, this.namespace);
    addAccess(this, name, this.namespace);
    addNodePolicy(this, name, name, this.namespace);
    addRolloutPolicy(this, name, name, this.namespace);
    const { runtimeClassName } = props.runtimeClass;
    addVerification(this, { name, namespace: this.namespace, runtimeClassName, handler });

    const programs = nodePrograms();
    const configuration = nodeConfiguration({
      runtime: { handler, binaryPath: `${source.binaryDir}/sysbox-runc` },
      binaryDir: source.binaryDir,
      managerArgs: managerArgs(props.daemons ?? {}, where),
      fsArgs: fsArgs(props.daemons ?? {}, where),
    });
    const settings = {
      SOURCE: source._kind,
      BINARY_DIR: source.binaryDir,
      IMAGE_BINARIES: '/opt/sysbox/bin/generic',
      HANDLER: handler,
      RUNTIME_TYPE: 'io.containerd.runc.v2',
      // The servers wait for the agents among these nodes.
      NODE_SELECTOR: JSON.stringify(nodeSelector),
      RUNTIME_CLASS: runtimeClassName,
      // Where the RuntimeClass selects nodes before the runtime is live, the startup taint is what keeps pods away.
      SCHEDULING: props.runtimeClass.scheduling ?? RuntimeScheduling.INSTALLED,
      VERIFICATION_CLASS: verificationClassOf(runtimeClassName),
      VERIFICATION_NAMESPACE,
      // What the kubelet needs on a slow node, with the image there already.
      VERIFICATION_TIMEOUT: '300',
      DEADLINE: String(rollout.deadline),
      DRAIN_TIMEOUT: String(rollout.drainTimeout),
      CONCURRENCY: rollout.concurrency,
      FAILURE_BUDGET: String(rollout.failureBudget),
      SLOT_POLL: '5',
      SLOT_EXPIRY: String(2 * rollout.deadline),
      RETRY_PERIOD: '120',
      EXPECT_UNIT: node.unit ?? '',
      TAKEOVER: node.takeoverSha256 ?? '',
      DRY_RUN: String(node.dryRun ?? false),
      INSTALL_PACKAGES: String(node.installPackages ?? false),
      UNINSTALL: String(props.uninstall ?? false),
      ALLOW_OLD_KUBERNETES: String(props.runtimeClass.featureGates?.includes('UserNamespacesSupport') ?? false),
    };
    const configMap = (id: string, part: string, data: Record<string, string>) =>
      addProgramFiles(this, id, data, { name: `${name}-${part}`, namespace: this.namespace }).name;
    addDaemonSet(this, {
      name,
      namespace: this.namespace,
      image: source._imageIn(this),
      imageOptions: source._options,
      programs: [
        configMap('Programs', 'programs', programs),
        configMap('Configuration', 'configuration', configuration),
      ],
      settings: configMap('Settings', 'settings', settings),
      command: checkedCommand(PROGRAMS_PATH, { ...programs, ...configuration }, 'coordinator.sh'),
      nodeSelector,
      tolerations: (props.tolerations ?? [kplus.NodeTaintQuery.any()]).map((query) =>
        tolerationOf(query, `${where}: tolerations`),
      ),
      priorityClassName: props.priorityClassName ?? 'system-node-critical',
      resources: props.resources,
    });
    addStandardLabels(this, name);
    claimNames(this);
  }
}

function addNamespace(scope: Construct, name: string): void {
  const level = (mode: string) => [`pod-security.kubernetes.io/${mode}`, 'privileged'];
  const namespace = new kplus.k8s.KubeNamespace(scope, 'Namespace', {
    metadata: { name, labels: Object.fromEntries(['enforce', 'audit', 'warn'].map(level)) },
  });
  clusterScoped(namespace);
}

function checkedNode(node: NodeOptions, where: string): NodeOptions {
  // JavaScript lets a text through, and a dry run that is none changes nodes.
  for (const [name, value] of Object.entries({ dryRun: node.dryRun, installPackages: node.installPackages })) {
    if (value !== undefined && typeof value !== 'boolean') {
      throw new Error(`${where}: node.${name} is '${String(value)}'. Write true or false, without quotes`);
    }
  }
  if (node.unit !== undefined && !/^[A-Za-z0-9@_.-]+$/.test(node.unit)) {
    throw new Error(`${where}: node.unit '${node.unit}' is not a valid unit name. Write it like 'k3s-agent'`);
  }
  if (node.unit?.endsWith('.service')) {
    throw new Error(`${where}: node.unit '${node.unit}' ends with .service. Write '${node.unit.slice(0, -8)}'`);
  }
  if (node.takeoverSha256 !== undefined && !/^[0-9a-f]{64}$/.test(node.takeoverSha256)) {
    throw new Error(
      `${where}: node.takeoverSha256 '${node.takeoverSha256}' is not a SHA-256 digest. Give the 64 digits that sha256sum prints for the template`,
    );
  }
  return node;
}

function installSelector(extra: Record<string, string>, where: string): Record<string, string> {
  for (const [key, value] of Object.entries(extra)) assertLabel(key, value, `${where}: nodeSelector`);
  if (extra[NodeLabels.RUNTIME] !== undefined) {
    throw new Error(
      `${where}: nodeSelector has ${NodeLabels.RUNTIME}, which the installer itself sets and removes: its pods would vanish with it. ` +
        `Select by ${NodeLabels.INSTALL}=yes and labels of your own`,
    );
  }
  // Sorted, as Helm writes it: the same nodes give the same settings.
  const all = Object.entries({ ...extra, [NodeLabels.INSTALL]: 'yes' });
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}
