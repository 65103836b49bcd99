import { ApiObjectMetadata, Size } from 'cdk8s';
import { claimNames } from '../core/unique-names';
import * as kplus from 'cdk8s-plus-30';
import { Construct, IConstruct } from 'constructs';
import { secretOf } from '../core/foreign-resource';
import { ClaimOptions } from '../workloads/claim-options';
import { SystemOptions } from '../workloads/system-options';
import { SystemStatefulSet } from '../workloads/system-stateful-set';
import { SystemStorage } from '../workloads/system-storage';
import { MachineId } from './machine-id';
import { SandboxNetworkOptions, sandboxPolicy } from './sandbox-network';
import { equipSsh, HOST_KEYS, SSH_UNITS } from './ssh';
import { SystemdMachine } from './systemd-machine';
import { SystemdMachineOptions, SystemdOptions } from './systemd-options';

const SSH_PORT = 22;

/** Timers that wake an idle machine. */
const RESTLESS_UNITS = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
  'man-db.timer',
  'motd-news.timer',
];

/** The Service that leads to the sandbox's SSH. */
export interface SandboxServiceOptions {
  /**
   * The type of the Service.
   *
   * @default kplus.ServiceType.CLUSTER_IP
   */
  readonly type?: kplus.ServiceType;

  /**
   * Its port.
   *
   * @default 22
   */
  readonly port?: number;

  /**
   * Its metadata, such as annotations for a load balancer.
   *
   * @default - a name made from the construct's path
   */
  readonly metadata?: ApiObjectMetadata;
}

/** A machine to work in. */
export interface DevSandboxProps {
  /**
   * Its image, with a tag or digest: systemd at /sbin/init, and OpenSSH's server with sshd_config.d (version 8.2). The pod is
   * not ready before something listens on port 22.
   */
  readonly image: string;

  /**
   * Secrets of type kubernetes.io/dockerconfigjson with which the image is pulled, of any version of cdk8s-plus.
   *
   * @default - none
   */
  readonly imagePullSecrets?: IConstruct[];

  /** The Secret with the public keys that may log in. A changed Secret holds for the next login. */
  readonly authorizedKeys: IConstruct;

  /**
   * The key of the Secret.
   *
   * @default "authorized_keys"
   */
  readonly authorizedKeysKey?: string;

  /**
   * Who may log in. The user must be in the image.
   *
   * @default "root", who is nobody on the node
   */
  readonly user?: string;

  /**
   * The claim for /home and the machine's host key. What the image has in /home is copied there once. It stays when the
   * sandbox is deleted, as claims of a StatefulSet do.
   *
   * @default - 20 GiB of the cluster's default class
   */
  readonly home?: ClaimOptions;

  /**
   * The Service to SSH.
   *
   * @default - port 22 inside the cluster
   */
  readonly service?: SandboxServiceOptions;

  /**
   * Whom it can reach, and who can reach it.
   *
   * @default - SSH from everywhere; out to DNS and to all that is not in the cluster
   */
  readonly network?: SandboxNetworkOptions;

  /**
   * Resource requests and limits.
   *
   * @default - requests of 50m CPU and 128Mi memory, no limits
   */
  readonly resources?: kplus.ContainerResources;

  /**
   * Variables, which all its units get.
   *
   * @default - none
   */
  readonly envVariables?: Record<string, kplus.EnvValue>;

  /**
   * How systemd is set up: units, Docker inside, more persistent directories. Other than by itself, the machine id is
   * that of the sandbox and stays the same, and timers that wake an idle machine are masked.
   *
   * @default - see `SystemdOptions`
   */
  readonly systemd?: SystemdOptions;

  /**
   * Switched off: no pod, while the claims stay.
   *
   * @default false
   */
  readonly stopped?: boolean;

  /**
   * Metadata of the StatefulSet.
   *
   * @default - a name made from the construct's path
   */
  readonly metadata?: ApiObjectMetadata;

  /**
   * What the pod has beyond cdk8s-plus, as for any system workload.
   *
   * @default - it runs under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;
}

/**
 * A machine to work in, much like a small VM: systemd, SSH, a home and an identity that survive its pod. It is small when
 * idle, and reaches nothing else in the cluster.
 *
 * @example
 * import { Chart, Size } from 'cdk8s';
 * import { Secret } from 'cdk8s-plus-30';
 * import { DevSandbox } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * new DevSandbox(chart, 'Ada', {
 *   image: 'registry.example.org/dev:2026.11',
 *   user: 'ada',
 *   authorizedKeys: Secret.fromSecretName(chart, 'Keys', 'ada-keys'),
 *   home: { storage: Size.gibibytes(50) },
 * });
 */
export class DevSandbox extends Construct {
  /** The StatefulSet of one pod. */
  public readonly workload: SystemStatefulSet;

  /** The machine. */
  public readonly systemd: SystemdMachine;

  /** The Service to SSH. */
  public readonly service: kplus.Service;

  constructor(scope: Construct, id: string, props: DevSandboxProps) {
    super(scope, id);
    assertUser(props.user, this.node.path);
    this.service = this.sshService(props.service ?? {});
    this.workload = new SystemStatefulSet(this, 'Machine', {
      metadata: props.metadata,
      service: this.service,
      replicas: props.stopped ? 0 : 1,
      system: {
        ...props.system,
        imagePullSecrets: [...(props.system?.imagePullSecrets ?? []), ...(props.imagePullSecrets ?? [])],
      },
    });
    const storage = SystemStorage.claim(props.home ?? { storage: Size.gibibytes(20) });
    this.systemd = SystemdMachine.on(this.workload, this.machine(props, storage));
    this.addSsh(props);
    sandboxPolicy(this, 'Network', this.workload.system._podLabels(), SSH_PORT, props.network ?? {});
    claimNames(this);
  }

  private sshService(options: SandboxServiceOptions): kplus.Service {
    return new kplus.Service(this, 'Ssh', {
      metadata: options.metadata,
      type: options.type,
      ports: [{ name: 'ssh', port: options.port ?? SSH_PORT, targetPort: SSH_PORT }],
    });
  }

  private container(props: DevSandboxProps): kplus.ContainerProps {
    return {
      image: props.image,
      ports: [{ name: 'ssh', number: SSH_PORT }],
      resources: props.resources ?? {
        cpu: { request: kplus.Cpu.millis(50) },
        memory: { request: Size.mebibytes(128) },
      },
      envVariables: props.envVariables,
    };
  }

  private machine(props: DevSandboxProps, storage: SystemStorage): SystemdMachineOptions {
    const options = props.systemd ?? {};
    return {
      machineId: MachineId.derivedFrom(`${this.workload.metadata.namespace ?? ''}/${this.workload.name}`),
      ...options,
      container: this.container(props),
      maskedUnits: [...RESTLESS_UNITS, ...(options.maskedUnits ?? [])],
      wantedUnits: [...SSH_UNITS, ...(options.wantedUnits ?? [])],
      readiness: { ...options.readiness, tcpPorts: [SSH_PORT, ...(options.readiness?.tcpPorts ?? [])] },
      persistentDirectories: [
        { path: '/home', storage, subPath: 'home' },
        { path: HOST_KEYS, storage, subPath: 'ssh-host-keys', seed: false },
        ...(options.persistentDirectories ?? []),
      ],
    };
  }

  private addSsh(props: DevSandboxProps): void {
    const { container } = this.systemd;
    const hostKeys = container.mounts.find(({ path }) => path === HOST_KEYS) as kplus.VolumeMount;
    equipSsh(this, this.workload, container, hostKeys, {
      user: props.user ?? 'root',
      authorizedKeys: secretOf(props.authorizedKeys, `${this.node.path}: authorizedKeys`),
      key: props.authorizedKeysKey ?? 'authorized_keys',
    });
  }
}

function assertUser(user: string | undefined, where: string): void {
  if (user === undefined || /^[a-z_][a-z0-9_-]{0,31}$/.test(user)) return;
  throw new Error(`${where}: user '${user}' is not a valid user name. Use lower-case letters, digits, '-' and '_'`);
}
