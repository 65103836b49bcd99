import * as kplus from 'cdk8s-plus-30';
import { withoutPlusDefaults } from './plus-defaults';
import { assertRuntime } from './runtime-check';
import { ContainerEngine, ISysboxRuntime } from './runtime-ref';
import { PodSecurityLevel, SystemContainerOptions, SystemOptions } from './system-options';
import { assertOptions } from './system-options-check';
import { PlainPodSpec, SystemPodFields, toSystemPodSpec } from './system-pod-spec';

/** Name of the RuntimeClass of the upstream Sysbox manifests. */
const DEFAULT_RUNTIME_CLASS = 'sysbox-runc';

/** Asks CRI-O for a user namespace of the size that Sysbox needs. Source: sysbox docs/user-guide/install-k8s.md. */
const CRIO_USERNS_ANNOTATION = 'io.kubernetes.cri-o.userns-mode';
const CRIO_USERNS_MODE = 'auto:size=65536';

/** With the rule's id behind it: the annotation that keeps why the rule is not followed. */
const ACKNOWLEDGE_PREFIX = 'cdk8s-sysbox.io/acknowledge.';

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

  /** @internal */
  public constructor(
    private readonly workload: kplus.AbstractPod,
    private readonly options: SystemOptions = {},
    private readonly given: kplus.AbstractPodProps = {},
  ) {
    const where = workload.node.path;
    this.runtime = options.runtime ?? { runtimeClassName: options.runtimeClassName ?? DEFAULT_RUNTIME_CLASS };
    assertRuntime(this.runtime, where);
    assertOptions(options, this.runtime, where);
    this.podSecurity = options.podSecurity ?? PodSecurityLevel.BASELINE;
    this._nodeSelector = { ...options.nodeSelector };
    this._containers = { ...options.containers };
    this._spread = [...(options.topologySpreadConstraints ?? [])];
    this.askForUserNamespace();
    for (const { rule, reason } of options.acknowledge ?? []) this.acknowledge(rule, reason);
    workload.node.addValidation({ validate: () => this.unknownContainers() });
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
  public spreadOver(constraint: kplus.k8s.TopologySpreadConstraint): void {
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
   * @param rule id of the rule
   * @param reason why it is no problem here
   */
  public acknowledge(rule: string, reason: string): void {
    this.workload.podMetadata.addAnnotation(`${ACKNOWLEDGE_PREFIX}${rule}`, reason);
  }

  /**
   * Change the pod spec after everything else.
   *
   * @internal
   */
  public _change(change: PodSpecChange): void {
    this._changes.push(change);
  }

  /** @internal */
  public _toPodSpec(rendered: kplus.k8s.PodSpec): kplus.k8s.PodSpec {
    this.spreadOnce();
    const own = withoutPlusDefaults(rendered, this.workload, this.given);
    const spec = this._changes.reduce((s, change) => change(s), toSystemPodSpec(own, this.fields()));
    return spec as kplus.k8s.PodSpec;
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

  private unknownContainers(): string[] {
    const names = [...this.workload.containers, ...this.workload.initContainers].map((c) => c.name);
    return Object.keys(this._containers)
      .filter((name) => !names.includes(name))
      .map((name) => `system.containers names '${name}', but the pod's containers are: ${names.join(', ')}`);
  }
}

function quantities(byResource: Record<string, string>): Record<string, kplus.k8s.Quantity> {
  return Object.fromEntries(
    Object.entries(byResource).map(([resource, amount]) => [resource, kplus.k8s.Quantity.fromString(amount)]),
  );
}
