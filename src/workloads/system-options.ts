import * as kplus from 'cdk8s-plus-30';
import { IConstruct } from 'constructs';
import { WarningMode } from '../core/warnings';
import { PodOverhead } from '../runtime/pod-overhead';
import { PodSecurityLevel } from '../runtime/pod-security-level';
import { ISysboxRuntime } from '../runtime/runtime-ref';

/** What a container of a system pod can have beyond cdk8s-plus. */
export interface SystemContainerOptions {
  /**
   * Give the container a terminal. systemd needs one for `kubectl logs` to show anything.
   *
   * @default false
   */
  readonly tty?: boolean;

  /**
   * Keep the container's standard input open, for `kubectl attach -i`.
   *
   * @default false
   */
  readonly stdin?: boolean;

  /**
   * Close standard input after the first client detached. Refused without `stdin`.
   *
   * @default false
   */
  readonly stdinOnce?: boolean;
}

/** A rule that somebody decided not to follow, and why. */
export interface Acknowledgement {
  /** Id of the rule, such as "host-path". */
  readonly rule: string;

  /** Why the rule does not apply here. It is kept in the manifest, in an annotation of the pod. */
  readonly reason: string;
}

/** What the pods of a workload have beyond cdk8s-plus: the same group for every kind of workload. */
export interface SystemOptions {
  /**
   * The runtime that the pods run under: a `SysboxRuntime`, a `SysboxRuntimeClass`, or `RuntimeReference.fromRuntimeClassName()`.
   *
   * @default - containerd and a RuntimeClass named by `runtimeClassName`
   */
  readonly runtime?: ISysboxRuntime;

  /**
   * Name of the RuntimeClass, where nothing but the name is known. Refused when `runtime` names another one.
   *
   * @default "sysbox-runc", the name that the upstream manifests use
   */
  readonly runtimeClassName?: string;

  /**
   * Secrets of type kubernetes.io/dockerconfigjson with which images are pulled, of any version of cdk8s-plus. They are added
   * to those that the pods have.
   *
   * @default - none
   */
  readonly imagePullSecrets?: IConstruct[];

  /**
   * Name of the PriorityClass of the pods.
   *
   * @default - the cluster's default priority
   */
  readonly priorityClassName?: string;

  /**
   * Labels that a node must have. The RuntimeClass adds `sysbox-runtime=running` by itself; a pod that gives that key
   * another value is refused by the API server.
   *
   * @default - any node on which the runtime runs
   */
  readonly nodeSelector?: Record<string, string>;

  /**
   * How the pods are spread over zones and nodes. A constraint without `labelSelector` counts the pods of this workload.
   *
   * @default - as the scheduler does by itself
   */
  readonly topologySpreadConstraints?: kplus.k8s.TopologySpreadConstraint[];

  /**
   * Resources that a pod takes beyond its containers. The RuntimeClass fills it in:
   * the API server refuses a pod whose overhead is not exactly the one of its RuntimeClass, so this is refused when the
   * runtime says another one.
   *
   * @default - the overhead of the RuntimeClass
   */
  readonly overhead?: PodOverhead;

  /**
   * Seccomp profile of the whole pod. Sysbox extends whatever is given by the system calls that system containers need.
   *
   * @default - the container engine's default; RuntimeDefault with `PodSecurityLevel.RESTRICTED`
   */
  readonly seccompProfile?: kplus.SeccompProfile;

  /**
   * Options of single containers and init containers, by container name. A name that the pod does not have is refused.
   *
   * @default - none
   */
  readonly containers?: Record<string, SystemContainerOptions>;

  /**
   * How strictly the pods follow the Pod Security Standards.
   *
   * @default PodSecurityLevel.BASELINE
   */
  readonly podSecurity?: PodSecurityLevel;

  /**
   * Rules that are not followed here, each with its reason. A rule without which no such pod starts cannot be
   * acknowledged.
   *
   * @default - none
   */
  readonly acknowledge?: Acknowledgement[];

  /**
   * What becomes of warnings about these pods. To accept a single one, acknowledge its rule.
   *
   * @default - WarningMode.PRINT, or what the environment variable CDK8S_SYSBOX_WARNINGS says: `off` or `error`
   */
  readonly warnings?: WarningMode;
}
