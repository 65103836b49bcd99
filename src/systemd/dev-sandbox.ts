import { ApiObjectMetadata } from 'cdk8s';
import { claimNames } from '../core/unique-names';
import * as kplus from 'cdk8s-plus-30';
import { Construct, IConstruct } from 'constructs';
import { SystemOptions } from '../workloads/system-options';
import { SystemStatefulSet } from '../workloads/system-stateful-set';
import { assertUser, DevMachine, DevMachineOptions, SSH_PORT } from './dev-machine';
import { MachineId } from './machine-id';
import { SandboxNetworkOptions, sandboxPolicy } from './sandbox-network';
import { SystemdMachine } from './systemd-machine';

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

/** A machine to work in, its Service and its network policy. */
export interface DevSandboxProps extends DevMachineOptions {
  /**
   * Secrets of type kubernetes.io/dockerconfigjson with which the image is pulled, of any version of cdk8s-plus.
   *
   * @default - none
   */
  readonly imagePullSecrets?: IConstruct[];

  /**
   * The Service to SSH.
   *
   * @default - port 22 inside the cluster
   */
  readonly service?: SandboxServiceOptions;

  /**
   * Whom it can reach, and who can reach it.
   *
   * @default - SSH from everywhere; egress to DNS and to everything outside the cluster
   */
  readonly network?: SandboxNetworkOptions;

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
    const machineId = MachineId.derivedFrom(`${this.workload.metadata.namespace ?? ''}/${this.workload.name}`);
    this.systemd = DevMachine.on(this.workload, { ...props, systemd: { machineId, ...props.systemd } }).systemd;
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
}
