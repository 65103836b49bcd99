import { ApiObject } from 'cdk8s';
import { DEFAULT_RUNTIME_CLASS } from '../core/labels';
import { IConstruct } from 'constructs';
import { acknowledgeAnnotation, acknowledgedIn } from '../rules/acknowledgements';
import { Json, listOf, mapOf, textOf } from '../core/json';
import { PodTemplate, podTemplatesOf } from '../rules/pod-template';
import { AdoptOptions } from './adopt-options';
import { CRIO_USERNS_ANNOTATION, CRIO_USERNS_MODE } from '../core/crio';
import { onSerialize, sortKeys } from './on-serialize';
import { assertAcknowledgement, ruleErrors } from './pod-rules';
import { removePlusDefaults } from './remove-plus-defaults';
import { restrictedErrors } from './restricted';
import { assertRuntime } from '../runtime/runtime-check';
import { ContainerEngine, ISysboxRuntime } from '../runtime/runtime-ref';
import { assertOptions } from './system-options-check';
import { PodSecurityLevel } from './system-options';
import { toSystemPodSpec } from './system-pod-spec';

/**
 * An object of somebody else's whose pods become system pods when it is rendered.
 *
 * @internal
 */
export class AdoptedObject {
  private readonly runtime: ISysboxRuntime;
  private validated = false;

  public constructor(
    private readonly workload: IConstruct,
    public readonly object: ApiObject,
    private readonly options: AdoptOptions,
    /** Whether a container that is named in the options and is nowhere is an error. */
    private readonly strict: boolean,
  ) {
    const where = workload.node.path;
    this.runtime = options.runtime ?? { runtimeClassName: options.runtimeClassName ?? DEFAULT_RUNTIME_CLASS };
    assertRuntime(this.runtime, where);
    assertOptions(options, this.runtime, where);
    for (const { rule, reason } of options.acknowledge ?? []) assertAcknowledgement(rule, reason, where);
    onSerialize(object, (manifest) => this.rendered(manifest));
    workload.node.addValidation({ validate: () => this.validate() });
  }

  private validate(): string[] {
    if (this.validated) return [];
    try {
      this.object.toJson();
      this.validated = true;
      return [];
    } catch (error) {
      return error instanceof AdoptError ? error.errors : [(error as Error).message];
    }
  }

  private rendered(manifest: Json): Json {
    this.spreadOnce();
    const templates = podTemplatesOf(manifest);
    const errors = templates.length === 0 ? [noPods(manifest)] : this.unknownContainers(templates);
    for (const template of templates) errors.push(...this.transform(template));
    if (errors.length > 0) throw new AdoptError(this.workload.node.path, errors);
    return manifest;
  }

  /** Changes the template in place, and says what is wrong with the outcome. */
  private transform({ object, metadata, spec, holder }: PodTemplate): string[] {
    const { runtimeClassName } = this.runtime;
    if (spec.runtimeClassName !== undefined && spec.runtimeClassName !== runtimeClassName) {
      return [`the pods run under RuntimeClass '${spec.runtimeClassName}' already. Take it out, or leave them there`];
    }
    const { labels } = mapOf(metadata);
    if (this.options.topologySpreadConstraints?.some(({ labelSelector }) => !labelSelector) && !isFilled(labels)) {
      return [
        "topologySpreadConstraints: the pods have no labels to be counted by. Give the pods some, or a 'labelSelector'",
      ];
    }
    const before = this.options.removeCdk8sPlusDefaults ? removePlusDefaults(spec) : spec;
    const after = sortKeys(toSystemPodSpec(before, this.fields(labels)));
    holder.spec = after;
    const annotations = { ...this.annotations(), ...mapOf(metadata).annotations };
    if (Object.keys(annotations).length > 0) holder.metadata = sortKeys({ ...metadata, annotations });
    const acknowledged = acknowledgedIn(mapOf(object.metadata).annotations, annotations);
    const restricted = this.options.podSecurity === PodSecurityLevel.RESTRICTED ? restrictedErrors(after) : [];
    const errors = ruleErrors(this.workload, mapOf(object.metadata).namespace, after, acknowledged, {
      annotations: () => annotations,
      kind: object.kind,
      ownerSpec: () => object.spec,
    });
    return [...errors, ...restricted];
  }

  private unknownContainers(templates: PodTemplate[]): string[] {
    if (!this.strict) return [];
    const names = templates
      .flatMap(({ spec }) => [...listOf(spec.containers), ...listOf(spec.initContainers)])
      .map(nameOf);
    return Object.keys(this.options.containers ?? {})
      .filter((name) => !names.includes(name))
      .map((name) => `containers names '${name}', but the pod's containers are: ${names.join(', ')}`);
  }

  private fields(labels: Json): Parameters<typeof toSystemPodSpec>[1] {
    const crio = this.runtime.containerEngine === ContainerEngine.CRIO;
    return {
      ...this.options,
      runtimeClassName: this.runtime.runtimeClassName,
      hostUsers: crio ? undefined : false,
      topologySpreadConstraints: this.options.topologySpreadConstraints?.map((constraint) => ({
        labelSelector: { matchLabels: labels },
        ...constraint,
      })),
    };
  }

  private annotations(): Record<string, string> {
    const crio = this.runtime.containerEngine === ContainerEngine.CRIO;
    const reasons = (this.options.acknowledge ?? []).map(({ rule, reason }) => [acknowledgeAnnotation(rule), reason]);
    return { ...(crio && { [CRIO_USERNS_ANNOTATION]: CRIO_USERNS_MODE }), ...Object.fromEntries(reasons) };
  }

  // cdk8s-plus adds the terms of `spread` to the affinity anew each time it renders
  private spreadOnce(): void {
    for (const owner of [this.workload, this.object.node.scope]) {
      if (owner && 'spread' in owner) Object.assign(owner, { spread: false });
    }
  }
}

function isFilled(map: Json): boolean {
  return Object.keys(mapOf(map)).length > 0;
}

function nameOf(container: Json): string {
  return textOf(mapOf(container).name);
}

function noPods(manifest: Json): string {
  return `${manifest.kind} '${mapOf(manifest.metadata).name}' has no pods: neither is it a Pod nor has it a template of pods. Adopt the workload itself`;
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
