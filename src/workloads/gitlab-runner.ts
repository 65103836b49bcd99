import { IConstruct } from 'constructs';
import { secretOf } from '../core/foreign-resource';
import { Json, listOf, mapOf } from '../core/json';
import { render } from '../core/toml';
import { PodSecurityLevel } from '../runtime/pod-security-level';
import { ExportedPodTemplate } from './exported-pod-template';
import { sortKeys } from './sort-keys';
import { ISystemWorkload } from './system-workload';

/** The containers that GitLab Runner makes by itself. Source: gitlab-runner, executors/kubernetes/kubernetes.go. */
const BUILD = 'build';
const HELPER = 'helper';

/** The volume with the job's checkout, and where it is by default. Source: the same file. */
const CHECKOUT = 'repo';
const BUILDS = '/builds';

/** What is said by the pod template, in [runners.kubernetes]. */
const OF_THE_TEMPLATE = [
  'automount_service_account_token',
  'helper_image',
  'image',
  'namespace',
  'pod_annotations',
  'pod_labels',
  'pod_spec',
  'privileged',
  'runtime_class_name',
];

/** What Pod Security Restricted wants of the containers that only GitLab Runner knows. */
const RESTRICTED = { allow_privilege_escalation: false, capabilities: { drop: ['ALL'] } };
const OWN_CONTEXTS = [
  'helper_container_security_context',
  'init_permissions_container_security_context',
  'service_container_security_context',
];

/** How GitLab Runner runs the jobs. */
export interface GitLabRunnerOptions {
  /**
   * Keys of `[[runners]]` that the template does not say, as in config.toml: `builds_dir`, `environment`, `cache`, and in
   * `kubernetes` such as `poll_timeout`. Refused: what the template says.
   *
   * @default - none
   */
  readonly extra?: Record<string, any>;
}

/** Values of the Helm chart gitlab-runner. */
export interface GitLabRunnerHelmOptions {
  /** URL of the GitLab instance. */
  readonly gitlabUrl: string;

  /** The Secret with the runner's token, key `runner-token`, and an empty `runner-registration-token`. */
  readonly tokenSecret: IConstruct;
}

/**
 * The configuration of a GitLab Runner whose jobs are the system pods of a workload. The container "build" is where a job's script
 * runs, with the image of jobs that name none. Other containers, init containers and volumes are added to each job's pod. Native
 * sidecars, such as a Docker engine, have the job's checkout at the same path.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { DockerEngine, GitLabRunner, SystemPodTemplate } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'ci', { namespace: 'ci' });
 * const jobs = new SystemPodTemplate(chart, 'Jobs', {
 *   containers: [{ name: 'build', image: 'docker.io/library/docker:29-cli' }],
 * });
 * DockerEngine.on(jobs);
 * console.log(GitLabRunner.of(jobs).toToml());
 * app.synth();
 */
export class GitLabRunner {
  /**
   * The runner for these pods as they are now: put personalities on the workload before.
   *
   * @param jobs what the pods of jobs are made from; refused without a container "build", and when that or "helper" has a command
   * @param options further settings of the runner
   */
  public static of(jobs: ISystemWorkload, options: GitLabRunnerOptions = {}): GitLabRunner {
    const { path } = jobs.node;
    const template = ExportedPodTemplate.of(jobs);
    const spec = template.toPodSpec();
    assertContainers(spec, path);
    const extra = options.extra ?? {};
    assertExtra(extra, path);
    const restricted = jobs.system.podSecurity === PodSecurityLevel.RESTRICTED;
    return new GitLabRunner({
      executor: 'kubernetes',
      ...extra,
      feature_flags: { ...extra.feature_flags, FF_USE_ADVANCED_POD_SPEC_CONFIGURATION: true },
      kubernetes: {
        ...(restricted && Object.fromEntries(OWN_CONTEXTS.map((key) => [key, RESTRICTED]))),
        ...extra.kubernetes,
        ...kubernetes(template, spec, extra.builds_dir ?? BUILDS),
      },
    });
  }

  private constructor(private readonly runner: Json) {}

  /** A config.toml, without the token: the one that `gitlab-runner register --template-config` takes. */
  public toToml(): string {
    return render({ runners: [sortKeys(this.runner)] }, { before: '' });
  }

  /**
   * Values of the Helm chart gitlab-runner (https://charts.gitlab.io).
   *
   * @param options what the chart must know beyond the jobs
   */
  public toHelmValues(options: GitLabRunnerHelmOptions): Record<string, any> {
    const { name } = secretOf(options.tokenSecret, 'GitLabRunner.toHelmValues(): tokenSecret');
    return { gitlabUrl: options.gitlabUrl, rbac: { create: true }, runners: { config: this.toToml(), secret: name } };
  }
}

function kubernetes(template: ExportedPodTemplate, spec: Json, buildsDirectory: string): Json {
  const { automountServiceAccountToken = false, runtimeClassName } = spec;
  const { labels, annotations } = mapOf(template.toTemplate().metadata);
  const imageOf = (name: string) => listOf(spec.containers).find((it) => it.name === name)?.image;
  const patch = {
    ...without(spec, 'automountServiceAccountToken', 'restartPolicy', 'runtimeClassName'),
    containers: spec.containers.map(withoutImage),
    initContainers: listOf(spec.initContainers).map((it) => withCheckout(it, buildsDirectory)),
  };
  return {
    ...(template.namespace !== undefined && { namespace: template.namespace }),
    image: imageOf(BUILD),
    ...(imageOf(HELPER) !== undefined && { helper_image: imageOf(HELPER) }),
    privileged: false,
    runtime_class_name: runtimeClassName,
    automount_service_account_token: automountServiceAccountToken,
    ...(labels && { pod_labels: labels }),
    ...(annotations && { pod_annotations: annotations }),
    // JSON is YAML, which the runner reads, and the patch is merged by the names of containers and volumes
    pod_spec: [{ name: 'system-pod', patch_type: 'strategic', patch: JSON.stringify(sortKeys(patch)) }],
  };
}

/** The runner says which image these two have in this job. */
function withoutImage(container: Json): Json {
  return container.name === BUILD || container.name === HELPER ? without(container, 'image') : container;
}

function without(map: Json, ...keys: string[]): Json {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}

/** `docker run -v $PWD:/src` is looked up where the engine is. */
function withCheckout(container: Json, mountPath: string): Json {
  if (container.restartPolicy !== 'Always') return container;
  return { ...container, volumeMounts: [...listOf(container.volumeMounts), { name: CHECKOUT, mountPath }] };
}

function assertContainers(spec: Json, where: string): void {
  const containers = listOf(spec.containers);
  if (!containers.some(({ name }) => name === BUILD)) {
    throw new Error(
      `${where}: GitLab Runner runs a job in the container '${BUILD}', and the containers are: ` +
        `${containers.map(({ name }) => name).join(', ')}. Name one '${BUILD}'`,
    );
  }
  const own = containers.find((it) => [BUILD, HELPER].includes(it.name) && (it.command ?? it.args));
  if (!own) return;
  throw new Error(`${where}: the container '${own.name}' has a command, and GitLab Runner has its own. Leave it out`);
}

function assertExtra(extra: Json, where: string): void {
  const key = OF_THE_TEMPLATE.find((name) => name in mapOf(extra.kubernetes));
  if (key !== undefined) {
    throw new Error(`${where}: extra.kubernetes has '${key}', which the pod template says. Leave it out`);
  }
  if ('executor' in extra) throw new Error(`${where}: extra has 'executor', which is 'kubernetes'. Leave it out`);
}
