import { ApiObject, ApiObjectMetadataDefinition } from 'cdk8s';
import { claimName } from '../core/unique-names';
import * as kplus from 'cdk8s-plus-30';
import { IConstruct } from 'constructs';
import { isObject, Json } from '../core/json';
import { containerErrors } from './container-errors';
import { withoutPlusDefaults } from './plus-defaults';
import { replaceablePodsOf } from '../rules/find-pods';
import { ruleErrors, toManifestJson } from './pod-rules';
import { sortKeys } from './sort-keys';
import { RenderedOnce } from './rendered-once';
import { restrictedErrors } from './restricted';
import { toQuantities } from '../core/quantities';
import { classErrors } from '../runtime/defined-classes';
import { PodSecurityLevel } from '../runtime/pod-security-level';
import { SystemOptions } from './system-options';
import { PlainPodSpec, SystemPodFields, toSystemPodSpec } from './system-pod-spec';
import { DEFAULT_RUNTIME, ManifestChange, SettingsOwner, SystemSettings } from './system-settings';

/**
 * Renders the pods of one cdk8s-plus workload of the family, and checks them.
 *
 * @internal
 */
export class SystemPods extends RenderedOnce<PlainPodSpec> implements SettingsOwner {
  private made?: SystemSettings;

  public constructor(
    private readonly workload: kplus.AbstractPod,
    private readonly given: kplus.AbstractPodProps & { readonly system?: SystemOptions },
    private readonly spec?: () => Json,
  ) {
    super(workload);
    if (given.system) this.made = SystemSettings._of(this, given.system);
    claimName(ApiObject.of(workload));
  }

  /** Made when they are asked for: most pods have none. */
  public get settings(): SystemSettings {
    return (this.made ??= SystemSettings._of(this));
  }

  public get construct(): IConstruct {
    return this.workload;
  }

  public get podMetadata(): ApiObjectMetadataDefinition {
    return this.workload.podMetadata;
  }

  public get kind(): string {
    return this.workload.kind;
  }

  public ownerSpec(): Json {
    return this.spec?.() ?? {};
  }

  public podLabels(): Record<string, string> {
    return { [kplus.Pod.ADDRESS_LABEL]: this.podMetadata.getLabel(kplus.Pod.ADDRESS_LABEL) as string };
  }

  /**
   * Changes the pods after cdk8s has rendered them. JSON patches are applied before cdk8s-plus drops the fields that it does
   * not know, so this is the only place where a newer field can be added.
   */
  public patch(change: ManifestChange): void {
    const object = ApiObject.of(this.workload);
    const render = object.toJson.bind(object);
    object.toJson = () => {
      const manifest = render();
      for (const { holder, metadata, spec } of replaceablePodsOf(manifest)) {
        Object.assign(holder, sortKeys(change({ metadata, spec })));
      }
      return manifest;
    };
  }

  protected renderAll(): void {
    this.workload._toPodSpec();
    const errors = classErrors(this.workload, this.made?.runtime ?? DEFAULT_RUNTIME, this.made?._warnings);
    if (errors.length > 0) throw new SystemPodError(errors);
  }

  protected errorsOf(error: unknown): string[] {
    return error instanceof SystemPodError ? error.errors : [(error as Error).message];
  }

  /** The pod spec of cdk8s-plus as that of a system pod; refused when it breaks a rule. */
  public toPodSpec(plus: () => kplus.k8s.PodSpec): kplus.k8s.PodSpec {
    return this.take(() => this.render(plus())) as kplus.k8s.PodSpec;
  }

  private render(plus: kplus.k8s.PodSpec): PlainPodSpec {
    const { workload } = this;
    // cdk8s-plus adds the terms of `spread` to the affinity again each time it renders
    if ('spread' in workload) Object.assign(workload, { spread: false });
    const own = withoutPlusDefaults(plus, workload, this.given);
    const spec = this.made ? this.withSettings(own, this.made) : toSystemPodSpec(own, DEFAULT_FIELDS);
    const errors = [...containerErrors(spec), ...this.ruleErrors(spec), ...this.settingsErrors(spec)];
    if (errors.length > 0) throw new SystemPodError(errors);
    return spec;
  }

  private withSettings(own: PlainPodSpec, settings: SystemSettings): PlainPodSpec {
    const fields = settings._fields(this);
    const spec = toSystemPodSpec(own, {
      ...fields,
      overhead: fields.overhead && toQuantities(fields.overhead as Record<string, string>),
    });
    return settings._changes.reduce((changed, change) => change(changed), spec);
  }

  private settingsErrors(spec: PlainPodSpec): string[] {
    if (!this.made) return [];
    const configured = Object.keys(this.made._fields(this).containers ?? {});
    const restricted = this.made.podSecurity === PodSecurityLevel.RESTRICTED ? restrictedErrors(spec) : [];
    return [...unknownContainers(configured, spec), ...restricted];
  }

  private ruleErrors(spec: PlainPodSpec): string[] {
    const { workload } = this;
    return ruleErrors(workload, workload.metadata.namespace, toManifestJson(spec), this.made ?? {}, {
      annotations: () => annotationsOf(workload.podMetadata),
      kind: workload.kind,
      ownerSpec: () => this.ownerSpec(),
      idsPerPod: this.made?.runtime.idsPerPod,
    });
  }
}

const DEFAULT_FIELDS: SystemPodFields = { ...DEFAULT_RUNTIME, hostUsers: false };

/** All that is wrong with the pods of one workload. */
class SystemPodError extends Error {
  public constructor(public readonly errors: string[]) {
    super(errors.join('\n'));
  }
}

/**
 * cdk8s shows annotations only by rendering all of the metadata, which most pods, that have none, are spared: then the private
 * map is empty.
 */
function annotationsOf(metadata: ApiObjectMetadataDefinition): Json {
  const { annotations } = metadata as unknown as { annotations?: Json };
  if (isObject(annotations) && Object.keys(annotations).length === 0) return {};
  return metadata.toJson()?.annotations;
}

function unknownContainers(configured: string[], spec: PlainPodSpec): string[] {
  if (configured.length === 0) return [];
  const names = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((c) => c.name);
  return configured
    .filter((name) => !names.includes(name))
    .map((name) => `system.containers names '${name}', but the pod's containers are: ${names.join(', ')}`);
}
