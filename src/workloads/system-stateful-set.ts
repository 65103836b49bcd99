import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { toClaim } from './claim';
import { ClaimOptions } from './claim-options';
import { newVolume } from './new-volume';
import { remember, systemContainerProps, systemPodProps } from './plus-defaults';
import { SystemOptions } from './system-options';
import { SystemPods } from './system-pods';
import { SystemSettings } from './system-settings';
import { ISystemWorkload } from './system-workload';
import { assertShortName } from './workload-name';

/** A claim that each pod of a StatefulSet gets one of. */
export interface VolumeClaimTemplate extends ClaimOptions {
  /** Name of the volume, a DNS label. The claim of pod N is named `<name>-<statefulset>-<N>`. */
  readonly name: string;

  /**
   * Where the first container mounts it.
   *
   * @default - nowhere: mount what `addVolumeClaimTemplate` returns
   */
  readonly mountPath?: string;
}

/** The props of a cdk8s-plus StatefulSet, claims of the pods' own, and one group of our own. */
export interface SystemStatefulSetProps extends kplus.StatefulSetProps {
  /**
   * Claims that each pod gets one of.
   *
   * @default - none
   */
  readonly volumeClaimTemplates?: VolumeClaimTemplate[];

  /**
   * What the pods have beyond cdk8s-plus.
   *
   * @default - they run under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;
}

/**
 * A cdk8s-plus StatefulSet whose pods are system pods (see `SystemPod`), with claims of their own. Refused: a name of more
 * than 52 characters, from which no pod can be made.
 *
 * @example
 * import { Chart, Size } from 'cdk8s';
 * import { Service } from 'cdk8s-plus-30';
 * import { SystemStatefulSet } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * new SystemStatefulSet(chart, 'Builders', {
 *   service: new Service(chart, 'Pods', { ports: [{ port: 8080 }], clusterIP: 'None' }),
 *   replicas: 3,
 *   containers: [{ image: 'registry.example.org/builder:2.7', portNumber: 8080 }],
 *   volumeClaimTemplates: [{ name: 'cache', mountPath: '/cache', storage: Size.gibibytes(20) }],
 * });
 */
export class SystemStatefulSet extends kplus.StatefulSet implements ISystemWorkload {
  private readonly pods: SystemPods;
  private readonly claims: VolumeClaimTemplate[] = [];

  constructor(scope: Construct, id: string, props: SystemStatefulSetProps) {
    super(scope, id, systemPodProps(props));
    assertShortName(this);
    this.pods = new SystemPods(this, props, () => {
      return { replicas: this.replicas ?? 1, volumeClaimTemplates: this._claimTemplates() };
    });
    for (const claim of props.volumeClaimTemplates ?? []) this.addVolumeClaimTemplate(claim);
  }

  /**
   * Give each pod a claim of its own.
   *
   * @param claim what is claimed
   * @returns the volume, to be mounted into containers
   */
  public addVolumeClaimTemplate(claim: VolumeClaimTemplate): kplus.Volume {
    const volume = newVolume(this, `Claim-${claim.name}`, claim.name, {});
    this.claims.push(claim);
    if (claim.mountPath !== undefined) this.firstContainer(claim).mount(claim.mountPath, volume);
    return volume;
  }

  /** What makes the pods system pods. */
  public get system(): SystemSettings {
    return this.pods.settings;
  }

  /**
   * Add a container with the defaults of a system container.
   *
   * @param cont the container
   */
  public addContainer(cont: kplus.ContainerProps): kplus.Container {
    return remember(super.addContainer(systemContainerProps(cont)), cont);
  }

  /**
   * Add an init container with the defaults of a system container.
   *
   * @param cont the container
   */
  public addInitContainer(cont: kplus.ContainerProps): kplus.Container {
    return remember(super.addInitContainer(systemContainerProps(cont)), cont);
  }

  /** @internal */
  public _toKube(): kplus.k8s.StatefulSetSpec {
    return { ...super._toKube(), volumeClaimTemplates: this._claimTemplates() };
  }

  /** @internal */
  public _toPodSpec(): kplus.k8s.PodSpec {
    return this.pods.toPodSpec(() => this.withoutClaims(super._toPodSpec()));
  }

  /** @internal */
  public _claimTemplates(): kplus.k8s.KubePersistentVolumeClaimProps[] | undefined {
    if (this.claims.length === 0) return undefined;
    return this.claims.map((claim) => {
      const { metadata, spec } = toClaim(claim);
      return { metadata: { ...metadata, name: claim.name }, spec };
    });
  }

  /** The controller adds the volumes of the claims; a volume without a source is refused. */
  private withoutClaims(spec: kplus.k8s.PodSpec): kplus.k8s.PodSpec {
    if (this.claims.length === 0) return spec;
    const volumes = spec.volumes?.filter((volume) => !this.claims.some((claim) => claim.name === volume.name));
    return { ...spec, volumes: volumes?.length ? volumes : undefined };
  }

  private firstContainer(claim: VolumeClaimTemplate): kplus.Container {
    const [container] = this.containers;
    if (!container) {
      throw new Error(
        `${this.node.path}: no container yet to mount the claim '${claim.name}' into. Leave out mountPath and mount what addVolumeClaimTemplate returns`,
      );
    }
    return container;
  }
}
