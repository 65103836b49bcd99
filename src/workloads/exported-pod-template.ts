import { ApiObject, Yaml } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Json, listOf, mapOf } from '../core/json';
import { replaceablePodsOf } from '../rules/find-pods';
import { PodTemplate } from '../rules/pod-template';
import { ISystemWorkload } from './system-workload';

/**
 * The pods of a system workload of any kind, for what another controller makes pods from. The workload stays in its chart; where
 * there is to be none, use a `SystemPodTemplate`. What the pods refer to, such as ConfigMaps, must be in their namespace.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { Deployment } from 'cdk8s-plus-30';
 * import { adopt, DockerEngine, ExportedPodTemplate } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'ci', { namespace: 'ci' });
 * const agents = new Deployment(chart, 'Agents', {
 *   containers: [{ name: 'agent', image: 'registry.example.org/agent:2.7' }],
 * });
 * const adopted = adopt(agents);
 * DockerEngine.on(adopted);
 * console.log(ExportedPodTemplate.of(adopted).toYaml());
 */
export class ExportedPodTemplate {
  /**
   * The pods of this workload as they are now: put personalities on it before. Refused: what breaks a rule, and a claim, which all
   * pods would share.
   *
   * @param workload a system workload, also an adopted one
   */
  public static of(workload: ISystemWorkload): ExportedPodTemplate {
    const { path } = workload.node;
    const problems = workload.node.validate();
    if (problems.length > 0) throw new Error(`${path}: ${problems.join('\n')}`);
    const manifest = ApiObject.of(workload).toJson();
    const [pods, ...others] = replaceablePodsOf(manifest);
    if (!pods || others.length > 0) {
      throw new Error(
        `${path}: ${manifest.kind} has ${others.length + (pods ? 1 : 0)} pod templates. Export a workload with one`,
      );
    }
    assertNoClaim(workload, pods.spec);
    return new ExportedPodTemplate(pods, mapOf(manifest.metadata).namespace);
  }

  /** The namespace of the pods and of what they refer to; unknown when the chart has none. */
  public readonly namespace?: string;

  private constructor(
    private readonly pods: PodTemplate,
    namespace: string | undefined,
  ) {
    this.namespace = namespace;
  }

  /** Labels and annotations, where there are any, and the spec. */
  public toTemplate(): Record<string, any> {
    const { labels, annotations } = mapOf(this.pods.metadata);
    // by the address the workload's own controller and Services find its pods
    const others = { ...mapOf(labels) };
    delete others[kplus.Pod.ADDRESS_LABEL];
    const metadata = { ...filled('labels', others), ...filled('annotations', annotations) };
    return { ...filled('metadata', metadata), spec: this.toPodSpec() };
  }

  /** The PodSpec alone, as in a manifest. */
  public toPodSpec(): Record<string, any> {
    return structuredClone(this.pods.spec);
  }

  /** The template as YAML. */
  public toYaml(): string {
    return Yaml.stringify(this.toTemplate());
  }
}

function assertNoClaim(workload: ISystemWorkload, spec: Json): void {
  const { path } = workload.node;
  const isClaim = (it: unknown) => ApiObject.isApiObject(it) && (it as ApiObject).kind === 'PersistentVolumeClaim';
  if (workload.node.findAll().some(isClaim)) {
    throw new Error(`${path}: all pods would share one claim. Use SystemStorage.ephemeralClaim()`);
  }
  const volumes = listOf(spec.volumes).map(({ name }) => name);
  const containers = [...listOf(spec.containers), ...listOf(spec.initContainers)];
  const missing = containers.flatMap((it) => listOf(it.volumeMounts)).find(({ name }) => !volumes.includes(name));
  if (missing) {
    throw new Error(
      `${path}: the volume '${missing.name}' is a claim template of the workload and is not part of its pods. Use SystemStorage.ephemeralClaim()`,
    );
  }
}

function filled(name: string, map: Json = {}): Record<string, Json> {
  return Object.keys(map).length > 0 ? { [name]: map } : {};
}
