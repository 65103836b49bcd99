import { ApiObject, ApiObjectMetadata, Lazy } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { Json } from '../core/json';
import { ISystemWorkload, PodSecurityLevel, SystemSettings, VolumeClaimTemplate } from '../workloads';
import { toClaim } from '../workloads/claim';
import { newVolume } from '../workloads/new-volume';
import { remember, systemContainerProps, systemPodProps } from '../workloads/plus-defaults';
import { SystemPods } from '../workloads/system-pods';
import { AgentSandboxTemplateProps } from './agent-sandbox-template-props';

/**
 * Keys that the controller sets, and ignores in a template.
 *
 * Source: agent-sandbox controllers/sandbox_controller.go, hasSystemReservedPrefix.
 */
const RESERVED_PREFIX = 'agents.x-k8s.io/';

/**
 * A workload whose pods agent-sandbox's controller creates: what a Sandbox and a SandboxTemplate have in common.
 *
 * @internal
 */
export abstract class AgentWorkload extends kplus.Workload implements ISystemWorkload {
  public readonly system: SystemSettings;
  protected readonly apiObject: ApiObject;
  private readonly pods: SystemPods;
  private readonly claims: VolumeClaimTemplate[] = [];

  protected constructor(
    scope: Construct,
    id: string,
    private readonly given: AgentSandboxTemplateProps,
  ) {
    super(scope, id, systemPodProps({ ...given, select: false }));
    assertMetadata(given.podMetadata ?? {}, this.node.path);
    this.apiObject = this._newResource(given.metadata, Lazy.any({ produce: () => this._toSpec() }));
    const system = { podSecurity: PodSecurityLevel.RESTRICTED, ...given.system };
    this.pods = new SystemPods(this, { ...given, system }, () => ({ volumeClaimTemplates: this.claimTemplates() }));
    this.system = this.pods.settings;
    for (const claim of given.volumeClaimTemplates ?? []) this.addVolumeClaimTemplate(claim);
  }

  /**
   * Give each sandbox a claim of its own. It survives a suspension and goes with the sandbox.
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
  public _toPodSpec(): kplus.k8s.PodSpec {
    return this.pods.toPodSpec(() => this.withoutClaims(super._toPodSpec()));
  }

  /** @internal */
  public _toSpec(): Json {
    return {
      podTemplate: {
        metadata: this.podMetadata.toJson(),
        spec: kplus.k8s.toJson_PodSpec(this._toPodSpec()),
      },
      volumeClaimTemplates: this.claimTemplates(),
      service: this.given.service ?? false,
    };
  }

  /** @internal */
  public abstract _newResource(metadata: ApiObjectMetadata | undefined, spec: Json): ApiObject;

  /** The controller adds the volumes of the claims; a volume without a source is refused. */
  private withoutClaims(spec: kplus.k8s.PodSpec): kplus.k8s.PodSpec {
    const volumes = spec.volumes?.filter((volume) => !this.claims.some((claim) => claim.name === volume.name));
    return { ...spec, volumes: volumes?.length ? volumes : undefined };
  }

  private claimTemplates(): Json[] | undefined {
    if (this.claims.length === 0) return undefined;
    return this.claims.map((claim) => {
      const { metadata, spec } = toClaim(claim);
      return {
        metadata: { ...metadata, name: claim.name },
        spec: kplus.k8s.toJson_PersistentVolumeClaimSpec(spec),
      };
    });
  }

  private firstContainer(claim: VolumeClaimTemplate): kplus.Container {
    const [container] = this.containers;
    if (container) return container;
    throw new Error(
      `${this.node.path}: no container yet to mount the claim '${claim.name}' into. Leave out mountPath and mount what addVolumeClaimTemplate returns`,
    );
  }
}

function assertMetadata({ labels, annotations }: ApiObjectMetadata, where: string): void {
  const reserved = Object.keys({ ...labels, ...annotations }).find((key) => key.startsWith(RESERVED_PREFIX));
  if (reserved === undefined) return;
  throw new Error(`${where}: podMetadata has '${reserved}', which agent-sandbox's controller sets. Leave it out`);
}
