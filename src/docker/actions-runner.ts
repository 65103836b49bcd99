import { Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { Json } from '../core/json';
import { assertPinnedImage } from '../core/image-reference';
import { SystemOptions } from '../workloads/system-options';
import { SystemPodTemplate } from '../workloads/system-pod-template';
import { SystemStorage } from '../workloads/system-storage';
import { DockerEngine } from './docker-engine';
import { DockerContainerOptions, DockerEngineMode } from './engine-options';

/** Group `docker` of the image ghcr.io/actions/actions-runner, whose user is not root. */
const RUNNER_GROUP = 123;

const EXTERNALS = '/home/runner/externals';
const WORK = '/home/runner/_work';

/** Runners of GitHub's Actions Runner Controller with a Docker engine. */
export interface ActionsRunnerOptions {
  /**
   * The runner's container: its image (ghcr.io/actions/actions-runner with a tag or digest), resources and variables. Its
   * name is always "runner", as the controller wants it.
   */
  readonly container: kplus.ContainerProps;

  /**
   * How the engine is set up. A claim as its storage is refused, since the runners would share it.
   *
   * @default - as `DockerEngine.on` sets it up, with the group 123 of the runner's image
   */
  readonly docker?: DockerContainerOptions;

  /**
   * Where the jobs' work directory is. A claim is refused, since the runners would share it.
   *
   * @default - an emptyDir of at most 20 GiB
   */
  readonly work?: SystemStorage;

  /**
   * How long a runner waits for the engine. The engine has started before the runner, so this is a reserve.
   *
   * @default Duration.minutes(2)
   */
  readonly dockerWaitTimeout?: Duration;

  /**
   * Labels of the runner pods.
   *
   * @default - none
   */
  readonly labels?: Record<string, string>;

  /**
   * Annotations of the runner pods.
   *
   * @default - none
   */
  readonly annotations?: Record<string, string>;

  /**
   * What the pods have beyond cdk8s-plus, as for any system workload.
   *
   * @default - they run under RuntimeClass "sysbox-runc" on containerd
   */
  readonly system?: SystemOptions;
}

/**
 * The template of the pods; what belongs to it is made under the scope.
 *
 * @internal
 */
export function runnerTemplate(scope: Construct, id: string, options: ActionsRunnerOptions): Json {
  return runnerPod(scope, id, options, `${scope.node.path}/${id}`).toTemplate();
}

function runnerPod(scope: Construct, id: string, options: ActionsRunnerOptions, where: string): SystemPodTemplate {
  const { image } = options.container;
  assertPinnedImage(image, `${where}: container 'runner'`);
  const pod = new SystemPodTemplate(scope, id, {
    metadata: { labels: options.labels, annotations: options.annotations },
    restartPolicy: kplus.RestartPolicy.NEVER,
    system: options.system,
  });
  const work = workVolume(pod, options.work ?? SystemStorage.emptyDir(Size.gibibytes(20)), where);
  const externals = kplus.Volume.fromEmptyDir(pod, 'Externals', 'dind-externals');
  const engine = DockerEngine.on(pod, { socketGroup: RUNNER_GROUP, ...options.docker, mode: DockerEngineMode.SIDECAR });
  const runner = pod.addContainer({
    command: ['/home/runner/run.sh'],
    ...options.container,
    name: 'runner',
    envVariables: {
      RUNNER_WAIT_FOR_DOCKER_IN_SECONDS: kplus.EnvValue.fromValue(
        String((options.dockerWaitTimeout ?? Duration.minutes(2)).toSeconds()),
      ),
      ...options.container.envVariables,
    },
  });
  // a job in a container mounts the runner's own node from there, and the path is looked up where the engine is
  pod
    .addInitContainer({ name: 'externals', image, command: ['cp', '-r', `${EXTERNALS}/.`, '/externals/'] })
    .mount('/externals', externals);
  for (const container of [runner, engine.container]) {
    container.mount(WORK, work);
    container.mount(EXTERNALS, externals);
  }
  return pod;
}

function workVolume(pod: SystemPodTemplate, storage: SystemStorage, where: string): kplus.Volume {
  const volume = storage._volumeIn(pod, pod, 'work');
  if (!volume) {
    throw new Error(
      `${where}: the runner and the engine share the work directory, which needs a volume. Use SystemStorage.emptyDir() or ephemeralClaim()`,
    );
  }
  return volume;
}
