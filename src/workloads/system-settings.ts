import { DEFAULT_RUNTIME_CLASS } from '../core/labels';
import { ApiObject } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Json } from '../core/json';
import { podTemplatesOf } from '../rules/pod-template';
import { concurrentPods } from '../rules/concurrent-pods';
import { containerErrors } from './container-errors';
import { CRIO_USERNS_ANNOTATION, CRIO_USERNS_MODE } from '../core/crio';
import { onSerialize, sortKeys } from './on-serialize';
import { withoutPlusDefaults } from './plus-defaults';
import { PodRules } from './pod-rules';
import { restrictedErrors } from './restricted';
import { assertRuntime } from '../runtime/runtime-check';
import { ContainerEngine, ISysboxRuntime } from '../runtime/runtime-ref';
import { PodSecurityLevel, SystemContainerOptions, SystemOptions } from './system-options';
import { assertOptions } from './system-options-check';
import { PlainPodSpec, SystemPodFields, toSystemPodSpec } from './system-pod-spec';
import { assertTopologySpread } from './topology-spread-check';

/**
 * A last change to a pod spec before it is rendered, in cdk8s' property space.
 *
 * @internal
 */
export type PodSpecChange = (spec: PlainPodSpec) => PlainPodSpec;

/**
 * What makes the pods of one workload system pods. Every workload of the family has one, as `system`; what was given to
 * the workload's constructor can be added to here.
 */
export class SystemSettings {
  /** The runtime that the pods run under. */
  public readonly runtime: ISysboxRuntime;

  /** How strictly the pods follow the Pod Security Standards. */
  public readonly podSecurity: PodSecurityLevel;

  private readonly _nodeSelector: Record<string, string>;
  private readonly _containers: Record<string, SystemContainerOptions>;
  private readonly _spread: kplus.k8s.TopologySpreadConstraint[];
  private readonly _changes: PodSpecChange[] = [];
  private readonly _rules: PodRules;
  private _validated = false;

  /** @internal */
  public static _of(
    workload: kplus.AbstractPod,
    options?: SystemOptions,
    given?: kplus.AbstractPodProps,
    ownerSpec?: () => Json,
  ): SystemSettings {
    return new SystemSettings(workload, options, given, ownerSpec);
  }

  private constructor(
    private readonly workload: kplus.AbstractPod,
    private readonly options: SystemOptions = {},
    private readonly given: kplus.AbstractPodProps = {},
    private readonly ownerSpec: () => Json = () => ({}),
  ) {
    const where = workload.node.path;
    this.runtime = options.runtime ?? { runtimeClassName: options.runtimeClassName ?? DEFAULT_RUNTIME_CLASS };
    assertRuntime(this.runtime, where);
    assertOptions(options, this.runtime, where);
    this.podSecurity = options.podSecurity ?? PodSecurityLevel.BASELINE;
    this._nodeSelector = { ...options.nodeSelector };
    this._containers = { ...options.containers };
    this._spread = [...(options.topologySpreadConstraints ?? [])];
    this._rules = new PodRules(workload, ownerSpec);
    this.askForUserNamespace();
    for (const { rule, reason } of options.acknowledge ?? []) this.acknowledge(rule, reason);
    workload.node.addValidation({ validate: () => this._validate() });
  }

  /** Name of the RuntimeClass of the pods. */
  public get runtimeClassName(): string {
    return this.runtime.runtimeClassName;
  }

  /** Labels that a node must have; a copy. */
  public get nodeSelector(): Record<string, string> {
    return { ...this._nodeSelector };
  }

  /**
   * Only nodes with this label.
   *
   * @param key the label's key
   * @param value the label's value
   */
  public requireNodeLabel(key: string, value: string): void {
    assertOptions({ nodeSelector: { [key]: value } }, this.runtime, this.workload.node.path);
    this._nodeSelector[key] = value;
  }

  /**
   * Spread the pods over the topology. Without `labelSelector` the pods of this workload are counted.
   *
   * @param constraint the constraint, added to those there are
   */
  public addTopologySpreadConstraint(constraint: kplus.k8s.TopologySpreadConstraint): void {
    assertTopologySpread([...this._spread, constraint], this.workload.node.path);
    this._spread.push(constraint);
  }

  /**
   * Set options of one container, over those it has.
   *
   * @param name name of the container or init container; refused at synth time when the pod has none of that name
   * @param options what to set
   */
  public configureContainer(name: string, options: SystemContainerOptions): void {
    const merged = { ...this._containers[name], ...options };
    assertOptions({ containers: { [name]: merged } }, this.runtime, this.workload.node.path);
    this._containers[name] = merged;
  }

  /**
   * Decide not to follow a rule here. The reason is kept in the manifest, in an annotation of the pods.
   *
   * @param rule id of the rule; refused when there is none of that id, or when no pod starts without it
   * @param reason why it is no problem here
   */
  public acknowledge(rule: string, reason: string): void {
    this._rules.acknowledge(rule, reason);
  }

  /**
   * Change the pod spec after everything else.
   *
   * @internal
   */
  public _change(change: PodSpecChange): void {
    this._changes.push(change);
  }

  /**
   * Change the pod's metadata and spec after they were rendered: for fields that are newer than cdk8s-plus knows.
   *
   * @internal
   */
  public _patchManifest(change: (template: Json) => Json): void {
    onSerialize(ApiObject.of(this.workload), (manifest) => {
      for (const { holder, metadata, spec } of podTemplatesOf(manifest)) {
        Object.assign(holder, sortKeys(change({ metadata, spec })));
      }
      return manifest;
    });
  }

  /**
   * How many of the pods can run at a time, a rolling update included.
   *
   * @internal
   */
  public _concurrentPods(): number {
    return concurrentPods(this.workload.kind, this.ownerSpec());
  }

  /** @internal */
  public _toPodSpec(rendered: kplus.k8s.PodSpec): kplus.k8s.PodSpec {
    this.spreadOnce();
    const own = withoutPlusDefaults(rendered, this.workload, this.given);
    const spec = this._changes.reduce((s, change) => change(s), toSystemPodSpec(own, this.fields()));
    const restricted = this.podSecurity === PodSecurityLevel.RESTRICTED ? restrictedErrors(spec) : [];
    const names = [...containerErrors(spec), ...this.unknownContainers(spec)];
    const errors = [...names, ...this._rules.errors(spec), ...restricted];
    if (errors.length > 0) throw new SystemPodError(errors);
    return spec as kplus.k8s.PodSpec;
  }

  // cdk8s validates the whole app once a chart: what was found good is not looked at again before it is rendered
  private _validate(): string[] {
    if (this._validated) return [];
    try {
      this.workload._toPodSpec();
      this._validated = true;
      return [];
    } catch (error) {
      return error instanceof SystemPodError ? error.errors : [(error as Error).message];
    }
  }

  // cdk8s-plus adds the terms of `spread` to the affinity anew each time it renders
  private spreadOnce(): void {
    if ('spread' in this.workload) Object.assign(this.workload, { spread: false });
  }

  private fields(): SystemPodFields {
    const { overhead, priorityClassName, seccompProfile } = this.options;
    return {
      runtimeClassName: this.runtimeClassName,
      hostUsers: this.runtime.containerEngine === ContainerEngine.CRIO ? undefined : false,
      priorityClassName,
      nodeSelector: this._nodeSelector,
      topologySpreadConstraints: this._spread.map((constraint) => this.countingOwnPods(constraint)),
      overhead: overhead && quantities(overhead),
      seccompProfile,
      containers: this._containers,
      podSecurity: this.podSecurity,
    };
  }

  private countingOwnPods(constraint: kplus.k8s.TopologySpreadConstraint): kplus.k8s.TopologySpreadConstraint {
    const address = this.workload.podMetadata.getLabel(kplus.Pod.ADDRESS_LABEL) as string;
    return { labelSelector: { matchLabels: { [kplus.Pod.ADDRESS_LABEL]: address } }, ...constraint };
  }

  private askForUserNamespace(): void {
    if (this.runtime.containerEngine !== ContainerEngine.CRIO) return;
    const annotations = this.workload.podMetadata.toJson()?.annotations ?? {};
    if (CRIO_USERNS_ANNOTATION in annotations) return;
    this.workload.podMetadata.addAnnotation(CRIO_USERNS_ANNOTATION, CRIO_USERNS_MODE);
  }

  private unknownContainers(spec: PlainPodSpec): string[] {
    const configured = Object.keys(this._containers);
    if (configured.length === 0) return [];
    const names = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((c) => c.name);
    return configured
      .filter((name) => !names.includes(name))
      .map((name) => `system.containers names '${name}', but the pod's containers are: ${names.join(', ')}`);
  }
}

/** All that is wrong with the pods of one workload. */
class SystemPodError extends Error {
  public constructor(public readonly errors: string[]) {
    super(errors.join('\n'));
  }
}

function quantities(byResource: Record<string, string>): Record<string, kplus.k8s.Quantity> {
  return Object.fromEntries(
    Object.entries(byResource).map(([resource, amount]) => [resource, kplus.k8s.Quantity.fromString(amount)]),
  );
}
