import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct, IConstruct } from 'constructs';
import { storageOf } from '../core/foreign-resource';
import { toClaim } from './claim';
import { ClaimOptions } from './claim-options';
import { newVolume } from './new-volume';
import { SystemStatefulSet } from './system-stateful-set';
import { SystemVolume } from './system-volume';
import { ISystemWorkload } from './system-workload';

/**
 * Where a machine or an engine in a system pod keeps its data.
 *
 * @example
 * import { Chart, Size } from 'cdk8s';
 * import { DockerPod, SystemStorage } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * // Images stay when the pod is replaced.
 * new DockerPod(chart, 'Builder', {
 *   docker: { storage: SystemStorage.claim({ storage: Size.gibibytes(50), storageClassName: 'ssd' }) },
 * });
 */
export class SystemStorage {
  /**
   * An emptyDir: it survives a restart of the container and goes with the pod. The kubelet counts its bytes and evicts
   * the pod that exceeds the limit.
   *
   * @param sizeLimit how much it may hold; without, only the limits of the pod and the node bound it
   */
  public static emptyDir(sizeLimit?: Size): SystemStorage {
    return new SystemStorage(
      (_, scope, name) => kplus.Volume.fromEmptyDir(scope, `Volume-${name}`, name, { sizeLimit }),
      false,
      { emptyDir: { sizeLimit } },
    );
  }

  /**
   * A claim that survives the pod. A StatefulSet gives each pod a claim of its own; any other kind gets one
   * PersistentVolumeClaim. Refused where several pods would share it, unless its access mode is one for many: those of a
   * DaemonSet, and of a Deployment without `replicas: 1` and the strategy Recreate.
   *
   * @param options what is claimed
   */
  public static claim(options: ClaimOptions): SystemStorage {
    return new SystemStorage((workload, scope, name) => claimOf(workload, scope, name, options), true, {
      claim: options,
    });
  }

  /**
   * A claim that is made and deleted with its pod: room on a real disk for any kind of workload.
   *
   * @param options what is claimed
   */
  public static ephemeralClaim(options: ClaimOptions): SystemStorage {
    return new SystemStorage(
      (_, scope, name) => SystemVolume.fromEphemeralClaim(scope, `Volume-${name}`, name, options),
      true,
    );
  }

  /**
   * A volume or claim that was created elsewhere, of any version of cdk8s-plus.
   *
   * @param storage the volume or claim
   */
  public static fromStorage(storage: IConstruct): SystemStorage {
    const checked = storageOf(storage, 'SystemStorage.fromStorage(): storage');
    return new SystemStorage(() => checked.asVolume(), true);
  }

  /**
   * No volume: what Sysbox mounts by itself from the node's /var/lib/sysbox. Those bytes are outside the kubelet's
   * accounting, so that a pod can fill the node's disk, and they are gone with the container.
   */
  public static nodeLocal(): SystemStorage {
    return new SystemStorage(() => undefined, false);
  }

  private constructor(
    private readonly make: (workload: ISystemWorkload, scope: Construct, name: string) => kplus.Volume | undefined,
    /**
     * True when it is a disk of its own, on which several directories can lie side by side.
     *
     * @internal
     */
    public readonly _isDisk: boolean,
    /**
     * What was asked for, where another controller makes the volume.
     *
     * @internal
     */
    public readonly _request: StorageRequest = {},
  ) {}

  /**
   * The volume in the pods of the workload; undefined for storage of the node.
   *
   * @internal
   */
  public _volumeIn(workload: ISystemWorkload, scope: Construct, name: string): kplus.Volume | undefined {
    return this.make(workload, scope, name);
  }
}

/** @internal */
export interface StorageRequest {
  readonly emptyDir?: { readonly sizeLimit?: Size };
  readonly claim?: ClaimOptions;
}

function claimOf(workload: ISystemWorkload, scope: Construct, name: string, options: ClaimOptions): kplus.Volume {
  if (hasClaimTemplates(workload)) return workload.addVolumeClaimTemplate({ name, ...options });
  if (workload.system._concurrentPods() > 1 && !isForMany(options)) {
    throw new Error(
      `${workload.node.path}: several pods of a ${workload.system._kind} can run at a time, and would share the claim '${name}'. ` +
        'Use SystemStorage.ephemeralClaim(), a StatefulSet, or a Deployment with replicas: 1 and the strategy Recreate',
    );
  }
  const claim = new kplus.k8s.KubePersistentVolumeClaim(scope, `Claim-${name}`, toClaim(options));
  return newVolume(scope, `Volume-${name}`, name, { persistentVolumeClaim: { claimName: claim.name } });
}

/** A StatefulSet, or another workload whose controller makes a claim for each pod. */
function hasClaimTemplates(workload: object): workload is Pick<SystemStatefulSet, 'addVolumeClaimTemplate'> {
  return 'addVolumeClaimTemplate' in workload;
}

function isForMany({ accessModes = [] }: ClaimOptions): boolean {
  const { READ_WRITE_MANY, READ_ONLY_MANY } = kplus.PersistentVolumeAccessMode;
  return accessModes.includes(READ_WRITE_MANY) || accessModes.includes(READ_ONLY_MANY);
}
