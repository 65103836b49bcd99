import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { toQuantities } from '../core/quantities';

/** Limits for all pods of a namespace together. */
export interface SandboxQuotaOptions {
  /**
   * Number of pods that have not terminated.
   *
   * @default 20
   */
  readonly pods?: number;

  /**
   * Sum of the CPU requests.
   *
   * @default - unlimited
   */
  readonly cpuRequests?: kplus.Cpu;

  /**
   * Sum of the memory requests.
   *
   * @default - unlimited
   */
  readonly memoryRequests?: Size;

  /**
   * Sum of the memory limits.
   *
   * @default - unlimited
   */
  readonly memoryLimits?: Size;

  /**
   * Number of claims.
   *
   * @default - unlimited
   */
  readonly claims?: number;

  /**
   * Sum of the storage that claims request.
   *
   * @default - unlimited
   */
  readonly storage?: Size;
}

/** Resources of a container that states none. */
export interface SandboxContainerDefaultsOptions {
  /**
   * Its CPU request.
   *
   * @default Cpu.millis(100)
   */
  readonly cpuRequest?: kplus.Cpu;

  /**
   * Its memory request.
   *
   * @default Size.mebibytes(256)
   */
  readonly memoryRequest?: Size;

  /**
   * Its memory limit, shared by an engine and everything that runs in it.
   *
   * @default Size.gibibytes(4)
   */
  readonly memoryLimit?: Size;

  /**
   * Its limit of ephemeral storage: the writable layer, logs and emptyDirs, but not what Sysbox mounts itself.
   *
   * @default - none
   */
  readonly ephemeralStorageLimit?: Size;
}

const MEMORY_REQUEST = Size.mebibytes(256);
const MEMORY_LIMIT = Size.gibibytes(4);

/**
 * Refuses defaults that the API server would reject.
 *
 * Source: kubernetes pkg/apis/core/validation, ValidateLimitRange.
 *
 * @internal
 */
export function assertLimits(defaults: SandboxContainerDefaultsOptions, what: string): void {
  const request = (defaults.memoryRequest ?? MEMORY_REQUEST).toMebibytes();
  const limit = (defaults.memoryLimit ?? MEMORY_LIMIT).toMebibytes();
  if (request <= limit) return;
  throw new Error(
    `${what}: memoryRequest of ${request}Mi exceeds memoryLimit, which is ${limit}Mi. Give a limit of at least the request`,
  );
}

/**
 * The quota in the resource names of Kubernetes.
 *
 * @internal
 */
export function toHard(quota: SandboxQuotaOptions): Record<string, kplus.k8s.Quantity> {
  return toQuantities({
    pods: quota.pods ?? 20,
    'requests.cpu': quota.cpuRequests,
    'requests.memory': quota.memoryRequests,
    'limits.memory': quota.memoryLimits,
    persistentvolumeclaims: quota.claims,
    'requests.storage': quota.storage,
  });
}

/**
 * The defaults as a limit range.
 *
 * @internal
 */
export function toLimitRange(defaults: SandboxContainerDefaultsOptions): kplus.k8s.LimitRangeItem {
  return {
    type: 'Container',
    defaultRequest: toQuantities({
      cpu: defaults.cpuRequest ?? kplus.Cpu.millis(100),
      memory: defaults.memoryRequest ?? MEMORY_REQUEST,
    }),
    default: toQuantities({
      memory: defaults.memoryLimit ?? MEMORY_LIMIT,
      'ephemeral-storage': defaults.ephemeralStorageLimit,
    }),
  };
}
