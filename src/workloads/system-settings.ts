import { ApiObjectMetadataDefinition } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { IConstruct } from 'constructs';
import { CRIO_USERNS_ANNOTATION, crioUsernsMode } from '../core/crio';
import { secretOf } from '../core/foreign-resource';
import { Json, mapOf } from '../core/json';
import { DEFAULT_RUNTIME_CLASS } from '../core/labels';
import { WarningMode } from '../core/warnings';
import { acknowledgeAnnotation } from '../rules/acknowledgements';
import { concurrentPods } from '../rules/concurrent-pods';
import { overheadOf } from '../runtime/pod-overhead';
import { assertRuntime, needsCrioAnnotation } from '../runtime/runtime-check';
import { ISysboxRuntime } from '../runtime/runtime-ref';
import { assertAcknowledgement } from './pod-rules';
import { SystemContainerOptions, SystemOptions } from './system-options';
import { PodSecurityLevel } from '../runtime/pod-security-level';
import { assertOptions } from './system-options-check';
import { PlainPodSpec, SystemPodFields } from './system-pod-spec';
import { assertTopologySpread } from './topology-spread-check';

/**
 * A last change to a pod spec before it is rendered, in cdk8s' property space.
 *
 * @internal
 */
export type PodSpecChange = (spec: PlainPodSpec) => PlainPodSpec;

/**
 * A last change to the metadata and the spec of a pod as they are in a manifest.
 *
 * @internal
 */
export type ManifestChange = (template: Json) => Json;

/**
 * The workload that settings belong to.
 *
 * @internal
 */
export interface SettingsOwner {
  readonly construct: IConstruct;
  readonly podMetadata: ApiObjectMetadataDefinition;
  readonly kind: string;
  /** What the rules read of the object's spec: replicas, strategy, parallelism. */
  ownerSpec(): Json;
  /** Labels of the pods by which a Service finds them. */
  podLabels(): Record<string, string>;
  patch(change: ManifestChange): void;
}

/**
 * The runtime of pods that say nothing.
 *
 * @internal
 */
export const DEFAULT_RUNTIME: ISysboxRuntime = { runtimeClassName: DEFAULT_RUNTIME_CLASS };

function runtimeNamed(runtimeClassName: string | undefined): ISysboxRuntime {
  return runtimeClassName === undefined ? DEFAULT_RUNTIME : { runtimeClassName };
}

const NO_OPTIONS: SystemOptions = {};

/**
 * What makes the pods of one workload system pods. Every workload of the family has one, as `system`; what was given to
 * the workload's constructor can be added to here.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { SystemPod } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const pod = new SystemPod(chart, 'Shell', {
 *   containers: [{ name: 'shell', image: 'registry.example.org/shell:latest' }],
 * });
 * pod.system.requireNodeLabel('pool', 'sandboxes');
 * pod.system.configureContainer('shell', { tty: true, stdin: true });
 * pod.system.acknowledge('image-tag', 'the registry keeps one tag');
 */
export class SystemSettings {
  /** @internal */
  public static _of(owner: SettingsOwner, options: SystemOptions = NO_OPTIONS): SystemSettings {
    return new SystemSettings(owner, options);
  }

  /** The runtime that the pods run under. */
  public readonly runtime: ISysboxRuntime;

  /** How strictly the pods follow the Pod Security Standards. */
  public readonly podSecurity: PodSecurityLevel;

  /** @internal */
  public readonly _changes: PodSpecChange[] = [];

  /** @internal */
  public readonly _acknowledged: Record<string, string> = {};

  /** @internal */
  public readonly _warnings?: WarningMode;

  private readonly _nodeSelector: Record<string, string>;
  private readonly _containers: Record<string, SystemContainerOptions>;
  private readonly _spread: kplus.k8s.TopologySpreadConstraint[];

  private constructor(
    private readonly owner: SettingsOwner,
    private readonly options: SystemOptions,
  ) {
    this.runtime = options.runtime ?? runtimeNamed(options.runtimeClassName);
    if (options !== NO_OPTIONS) this.assertOptions();
    this.podSecurity = options.podSecurity ?? PodSecurityLevel.BASELINE;
    this._warnings = options.warnings;
    this._nodeSelector = { ...options.nodeSelector };
    this._containers = { ...options.containers };
    this._spread = options.topologySpreadConstraints ? [...options.topologySpreadConstraints] : [];
    this.askForUserNamespace();
    for (const { rule, reason } of options.acknowledge ?? []) this.acknowledge(rule, reason);
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
    assertOptions({ nodeSelector: { [key]: value } }, this.runtime, this.where);
    this._nodeSelector[key] = value;
  }

  /**
   * Spread the pods over the topology. Without `labelSelector` the pods of this workload are counted.
   *
   * @param constraint the constraint, added to those there are
   */
  public addTopologySpreadConstraint(constraint: kplus.k8s.TopologySpreadConstraint): void {
    assertTopologySpread([...this._spread, constraint], this.where);
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
    assertOptions({ containers: { [name]: merged } }, this.runtime, this.where);
    this._containers[name] = merged;
  }

  /**
   * Decide not to follow a rule here. The reason is kept in the manifest, in an annotation of the pods.
   *
   * @param rule id of the rule; refused when there is none of that id, or when no pod starts without it
   * @param reason why the rule does not apply here
   */
  public acknowledge(rule: string, reason: string): void {
    assertAcknowledgement(rule, reason, this.where);
    this._acknowledged[rule] = reason;
    this.owner.podMetadata.addAnnotation(acknowledgeAnnotation(rule), reason);
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
  public _patchManifest(change: ManifestChange): void {
    this.owner.patch(change);
  }

  /** @internal */
  public get _kind(): string {
    return this.owner.kind;
  }

  /**
   * How many of the pods can run at a time, a rolling update included.
   *
   * @internal
   */
  public _concurrentPods(): number {
    return concurrentPods(this.owner.kind, this.owner.ownerSpec());
  }

  /**
   * How many pods the workload wants at a time.
   *
   * @internal
   */
  public _pods(): number {
    const { replicas, parallelism } = mapOf(this.owner.ownerSpec());
    if (this.owner.kind === 'DaemonSet') return Infinity;
    return this.owner.kind === 'Job' ? (parallelism ?? 1) : (replicas ?? 1);
  }

  /**
   * Labels by which a Service or a policy finds the pods.
   *
   * @internal
   */
  public _podLabels(): Record<string, string> {
    const labels = this.owner.podLabels();
    if (Object.keys(labels).length > 0) return labels;
    throw new Error(`${this.where}: the pods have no labels by which a Service could find them. Give them one`);
  }

  /**
   * What the pod spec gets.
   *
   * @param labelled whose labels topology spread constraints count the pods by
   * @internal
   */
  public _fields(labelled: Pick<SettingsOwner, 'podLabels'>): SystemPodFields {
    const { overhead, priorityClassName, seccompProfile, imagePullSecrets } = this.options;
    return {
      runtimeClassName: this.runtimeClassName,
      hostUsers: false,
      imagePullSecrets: imagePullSecrets?.map((secret) => ({ name: (secret as kplus.ISecret).name })),
      priorityClassName,
      nodeSelector: this._nodeSelector,
      topologySpreadConstraints: this._spread.map((constraint) => ({
        ...(!constraint.labelSelector && { labelSelector: { matchLabels: labelled.podLabels() } }),
        ...constraint,
      })),
      overhead: overhead && overheadOf(overhead),
      seccompProfile,
      containers: this._containers,
      podSecurity: this.podSecurity,
    };
  }

  private assertOptions(): void {
    const { where, options, runtime } = this;
    assertRuntime(runtime, where);
    assertOptions(options, runtime, where);
    for (const secret of options.imagePullSecrets ?? []) secretOf(secret, `${where}: imagePullSecrets`);
  }

  private get where(): string {
    return this.owner.construct.node.path;
  }

  private askForUserNamespace(): void {
    if (!needsCrioAnnotation(this.runtime)) return;
    const annotations = this.owner.podMetadata.toJson()?.annotations ?? {};
    if (CRIO_USERNS_ANNOTATION in annotations) return;
    this.owner.podMetadata.addAnnotation(CRIO_USERNS_ANNOTATION, crioUsernsMode(this.runtime.idsPerPod));
  }
}
