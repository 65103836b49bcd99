import { ApiObject, ApiObjectMetadataDefinition } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct, IConstruct } from 'constructs';
import { Json, listOf, mapOf, textOf } from '../core/json';
import { acknowledgedIn } from '../rules/acknowledgements';
import { replaceablePodsOf } from '../rules/find-pods';
import { PodTemplate } from '../rules/pod-template';
import { AddedContainers } from './added-containers';
import { AdoptOptions } from './adopt-options';
import { sortKeys } from './sort-keys';
import { ruleErrors } from './pod-rules';
import { removePlusDefaults } from './remove-plus-defaults';
import { RenderedOnce } from './rendered-once';
import { restrictedErrors } from './restricted';
import { classErrors } from '../runtime/defined-classes';
import { PodSecurityLevel } from '../runtime/pod-security-level';
import { toSystemPodSpec } from './system-pod-spec';
import { ManifestChange, SystemSettings } from './system-settings';
import { ISystemWorkload } from './system-workload';

/**
 * An existing workload of any origin whose pods were made system pods by `adopt`. A personality can be put on it.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { Deployment } from 'cdk8s-plus-30';
 * import { adopt, AdoptedWorkload, DockerEngine } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const agents = new Deployment(chart, 'Agents', {
 *   containers: [{ image: 'registry.example.org/build-agent:2.7' }],
 * });
 * const adopted: AdoptedWorkload = adopt(agents);
 * DockerEngine.on(adopted); // the agents' containers get DOCKER_HOST
 */
export class AdoptedWorkload extends Construct implements ISystemWorkload {
  /** @internal */
  public static _of(workload: IConstruct, object: ApiObject, options: AdoptOptions, strict: boolean): AdoptedWorkload {
    return new AdoptedWorkload(workload, object, options, strict);
  }

  /** The object that was adopted. */
  public readonly apiObject: ApiObject;

  /** What makes its pods system pods. */
  public readonly system: SystemSettings;

  /** Labels and annotations that are added to the pods. */
  public readonly podMetadata: ApiObjectMetadataDefinition;

  private readonly added = new AddedContainers();
  private readonly patches: ManifestChange[] = [];

  private constructor(
    private readonly workload: IConstruct,
    object: ApiObject,
    private readonly options: AdoptOptions,
    /** Whether a container that is named in the options and is nowhere is an error. */
    private readonly strict: boolean,
  ) {
    super(workload, 'System');
    this.node.defaultChild = object;
    this.apiObject = object;
    this.podMetadata = new ApiObjectMetadataDefinition({ apiObject: object });
    const render = object.toJson.bind(object);
    this.system = SystemSettings._of(
      {
        construct: workload,
        podMetadata: this.podMetadata,
        kind: object.kind,
        ownerSpec: () => mapOf(render().spec),
        podLabels: () => mapOf(mapOf(replaceablePodsOf(render())[0]?.metadata).labels),
        patch: (change) => this.patches.push(change),
      },
      options,
    );
    const rendered = new RenderedObject(workload, object, this.system);
    object.toJson = () => rendered.toJson(() => this.transformed(render()));
  }

  /** The containers that were added to the pods; a copy. */
  public get containers(): kplus.Container[] {
    return [...this.added.containers];
  }

  /** The init containers that were added to the pods; a copy. */
  public get initContainers(): kplus.Container[] {
    return [...this.added.initContainers];
  }

  /**
   * Add a container with the defaults of a system container.
   *
   * @param cont the container
   */
  public addContainer(cont: kplus.ContainerProps): kplus.Container {
    return this.added.addContainer(cont);
  }

  /**
   * Add an init container with the defaults of a system container.
   *
   * @param cont the container
   */
  public addInitContainer(cont: kplus.ContainerProps): kplus.Container {
    return this.added.addInitContainer(cont);
  }

  /**
   * Add a volume.
   *
   * @param vol the volume
   */
  public addVolume(vol: kplus.Volume): void {
    this.added.addVolume(vol);
  }

  private transformed(manifest: Json): Json {
    this.spreadOnce();
    const templates = replaceablePodsOf(manifest);
    const errors = templates.length === 0 ? [noPods(manifest)] : this.unknownContainers(templates);
    for (const template of templates) errors.push(...this.transform(template));
    if (errors.length > 0) throw new AdoptError(this.workload.node.path, errors);
    return manifest;
  }

  /** Changes the template in place, and says what is wrong with the outcome. */
  private transform({ object, metadata, spec, holder }: PodTemplate): string[] {
    const { runtime, runtimeClassName, podSecurity, _changes, _acknowledged, _warnings } = this.system;
    if (spec.runtimeClassName !== undefined && spec.runtimeClassName !== runtimeClassName) {
      return [`the pods run under RuntimeClass '${spec.runtimeClassName}' already. Take it out, or leave them there`];
    }
    const own = mapOf(this.podMetadata.toJson());
    const labels = { ...own.labels, ...mapOf(metadata).labels };
    let countable = true;
    const fields = this.system._fields({
      podLabels: () => {
        countable = Object.keys(labels).length > 0;
        return labels;
      },
    });
    if (!countable) return [NOT_COUNTABLE];
    const before = this.added.addTo(this.options.removeCdk8sPlusDefaults ? removePlusDefaults(spec) : spec);
    const changed = _changes.reduce((changing, change) => change(changing), toSystemPodSpec(before, fields));
    const annotations = { ...own.annotations, ...mapOf(metadata).annotations };
    const more = { ...(own.labels && { labels }), ...(Object.keys(annotations).length > 0 && { annotations }) };
    const plain = { metadata: Object.keys(more).length > 0 ? { ...metadata, ...more } : metadata, spec: changed };
    const patched = sortKeys(this.patches.reduce((template, patch) => patch(template), plain));
    Object.assign(holder, patched);
    const after = patched.spec;
    const acknowledged = { ..._acknowledged, ...acknowledgedIn(mapOf(object.metadata).annotations, annotations) };
    const restricted = podSecurity === PodSecurityLevel.RESTRICTED ? restrictedErrors(after) : [];
    const settings = { _acknowledged: acknowledged, _warnings };
    const errors = ruleErrors(this.workload, mapOf(object.metadata).namespace, after, settings, {
      annotations: () => annotations,
      kind: object.kind,
      ownerSpec: () => object.spec,
      idsPerPod: runtime.idsPerPod,
    });
    return [...errors, ...restricted];
  }

  private unknownContainers(templates: PodTemplate[]): string[] {
    if (!this.strict) return [];
    const existing = templates.flatMap(({ spec }) => [...listOf(spec.containers), ...listOf(spec.initContainers)]);
    const names = [...existing, ...this.containers, ...this.initContainers].map((c) => textOf(mapOf(c).name));
    return Object.keys(this.system._fields({ podLabels: () => ({}) }).containers ?? {})
      .filter((name) => !names.includes(name))
      .map((name) => `containers names '${name}', but the pod's containers are: ${names.join(', ')}`);
  }

  // cdk8s-plus adds the terms of `spread` to the affinity again each time it renders
  private spreadOnce(): void {
    for (const owner of [this.workload, this.apiObject.node.scope]) {
      if (owner && 'spread' in owner) Object.assign(owner, { spread: false });
    }
  }
}

const NOT_COUNTABLE =
  "topologySpreadConstraints: the pods have no labels to be counted by. Give the pods some, or a 'labelSelector'";

function noPods(manifest: Json): string {
  const { name } = mapOf(manifest.metadata);
  return `${manifest.kind} '${name}' has no pods: it is not a Pod and has no template of pods. Adopt the workload itself`;
}

/** An object that is rendered for its validation, and not again for the manifest. */
class RenderedObject extends RenderedOnce<Json> {
  public constructor(
    private readonly workload: IConstruct,
    private readonly object: ApiObject,
    private readonly system: SystemSettings,
  ) {
    super(workload);
  }

  public toJson(render: () => Json): Json {
    return this.take(render);
  }

  protected renderAll(): void {
    this.object.toJson();
    const errors = classErrors(this.workload, this.system.runtime, this.system._warnings);
    if (errors.length > 0) throw new AdoptError(this.workload.node.path, errors);
  }

  protected errorsOf(error: unknown): string[] {
    return error instanceof AdoptError ? error.errors : [(error as Error).message];
  }
}

/** All that is wrong with the pods of one object. */
class AdoptError extends Error {
  public constructor(
    path: string,
    public readonly errors: string[],
  ) {
    super(`${path}: ${errors.join('\n')}`);
  }
}
