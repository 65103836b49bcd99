import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { toQuantities } from '../core/quantities';

/** What all pods of a namespace may take together. */
export interface SandboxQuotaOptions {
  /**
   * Number of pods that are not over.
   *
   * @default 20
   */
  readonly pods?: number;

  /**
   * CPU that is requested.
   *
   * @default - not bounded
   */
  readonly cpuRequests?: kplus.Cpu;

  /**
   * Memory that is requested.
   *
   * @default - not bounded
   */
  readonly memoryRequests?: Size;

  /**
   * Sum of the memory limits.
   *
   * @default - not bounded
   */
  readonly memoryLimits?: Size;

  /**
   * Number of claims.
   *
   * @default - not bounded
   */
  readonly claims?: number;

  /**
   * Storage that is claimed.
   *
   * @default - not bounded
   */
  readonly storage?: Size;
}

/** What a container gets that says nothing of its own. */
export interface SandboxContainerDefaultsOptions {
  /**
   * CPU that is requested for it.
   *
   * @default Cpu.millis(100)
   */
  readonly cpuRequest?: kplus.Cpu;

  /**
   * Memory that is requested for it.
   *
   * @default Size.mebibytes(256)
   */
  readonly memoryRequest?: Size;

  /**
   * Its memory limit. An engine and all that runs in it share it.
   *
   * @default Size.gibibytes(4)
   */
  readonly memoryLimit?: Size;

  /**
   * Its limit of ephemeral storage: the writable layer, logs and emptyDirs, but not what Sysbox mounts by itself.
   *
   * @default - none
   */
  readonly ephemeralStorageLimit?: Size;
}

const MEMORY_REQUEST = Size.mebibytes(256);
const MEMORY_LIMIT = Size.gibibytes(4);

/**
 * Refuses defaults that the API server refuses.
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
    `${what}: memoryRequest of ${request}Mi is above memoryLimit, which is ${limit}Mi. Give a limit of at least the request`,
  );
}

/**
 * The quota as Kubernetes counts it.
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
