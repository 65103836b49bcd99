import { ApiObject, ApiObjectMetadataDefinition, App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { ExportedPodTemplate } from './exported-pod-template';
import { SystemPod, SystemPodProps } from './system-pod';
import { SystemSettings } from './system-settings';
import { ISystemWorkload } from './system-workload';

/**
 * The template of pods that another controller makes: runners of a CI system, workspaces, agents. It takes any personality
 * and is exported as an object, a PodSpec or YAML; no pod is made from it here. What the personality refers to, such as
 * ConfigMaps, is made in the chart, and must be in the namespace of the pods.
 *
 * @example
 * import { ApiObject, App, Chart } from 'cdk8s';
 * import { DockerEngine, SystemPodTemplate } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'ci', { namespace: 'ci' });
 * const template = new SystemPodTemplate(chart, 'agent', {
 *   containers: [{ name: 'agent', image: 'registry.example.com/agent:2.7' }],
 * });
 * DockerEngine.on(template);
 * new ApiObject(chart, 'agents', {
 *   apiVersion: 'example.com/v1',
 *   kind: 'AgentPool',
 *   spec: { template: template.toTemplate() },
 * });
 * app.synth();
 */
export class SystemPodTemplate extends Construct implements ISystemWorkload {
  private readonly pod: SystemPod;

  constructor(scope: Construct, id: string, props: SystemPodProps = {}) {
    super(scope, id);
    // in an app of its own, at the same path, so that it is in no output and messages name this construct
    const { namespace, node } = Chart.of(this);
    const chart = new Chart(new App(), node.id, { namespace });
    const { scopes } = scope.node;
    const between = scopes.slice(scopes.indexOf(Chart.of(this)) + 1);
    const parent = between.reduce<Construct>((outer, { node }) => new Construct(outer, node.id), chart);
    this.pod = new SystemPod(parent, id, props);
    this.node.defaultChild = ApiObject.of(this.pod);
    this.node.addValidation(this.pod.node);
  }

  /** What makes the pods system pods. */
  public get system(): SystemSettings {
    return this.pod.system;
  }

  /** Metadata of the pods. */
  public get podMetadata(): ApiObjectMetadataDefinition {
    return this.pod.podMetadata;
  }

  /** The containers; a copy. */
  public get containers(): kplus.Container[] {
    return this.pod.containers;
  }

  /** The init containers; a copy. */
  public get initContainers(): kplus.Container[] {
    return this.pod.initContainers;
  }

  /**
   * Add a container with the defaults of a system container.
   *
   * @param cont the container
   */
  public addContainer(cont: kplus.ContainerProps): kplus.Container {
    return this.pod.addContainer(cont);
  }

  /**
   * Add an init container with the defaults of a system container.
   *
   * @param cont the container
   */
  public addInitContainer(cont: kplus.ContainerProps): kplus.Container {
    return this.pod.addInitContainer(cont);
  }

  /**
   * Add a volume.
   *
   * @param vol the volume
   */
  public addVolume(vol: kplus.Volume): void {
    this.pod.addVolume(vol);
  }

  /**
   * The template: labels and annotations, where there are any, and the spec. Refused: what breaks a rule, and a claim, which
   * all pods would share.
   */
  public toTemplate(): Record<string, any> {
    return ExportedPodTemplate.of(this).toTemplate();
  }

  /** The PodSpec alone, as in a manifest. */
  public toPodSpec(): Record<string, any> {
    return ExportedPodTemplate.of(this).toPodSpec();
  }

  /** The template as YAML. */
  public toYaml(): string {
    return ExportedPodTemplate.of(this).toYaml();
  }
}
