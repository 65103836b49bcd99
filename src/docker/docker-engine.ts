import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { DEFAULT_IMAGES } from '../core/image-registry';
import { AdoptedWorkload } from '../workloads/adopted-workload';
import { ISystemWorkload } from '../workloads/system-workload';
import { ENGINE_PROGRAM, engineCommand } from './engine-files';
import { DockerContainerOptions, DockerEngineMode, DockerEngineOptions } from './engine-options';
import { assertEngine, engineContainer, equipEngine, filesOf, SHARED_SOCKET } from './engine-pod';

/** Ample: a probe fails by itself when the engine is not there, and a slow machine must not fail it. */
const PROBE_TIMEOUT = Duration.minutes(1);

/**
 * A Docker engine in the pods of a workload of any kind: in the container that does the work, or as a sidecar of the others.
 * An engine that other pods use over the network is a `DockerServer`.
 *
 * The pod's other containers get DOCKER_HOST and the socket, whenever they are added.
 *
 * @example
 * import { Chart, Size } from 'cdk8s';
 * import { DockerEngine, SystemJob, SystemStorage } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const job = new SystemJob(chart, 'Build', {
 *   containers: [{ image: 'docker.io/library/docker:29-cli', command: ['docker', 'build', 'https://git.example.org/app.git'] }],
 * });
 * DockerEngine.on(job, { storage: SystemStorage.ephemeralClaim({ storage: Size.gibibytes(50) }) });
 */
export class DockerEngine extends Construct {
  /** Image of the engine when none is given. */
  public static readonly DEFAULT_IMAGE: string = DEFAULT_IMAGES.docker;

  /**
   * Add a Docker engine to the pods of a workload. Refused: a second engine; a `command` in `container` of a sidecar.
   *
   * @param workload what gets the engine
   * @param options how it is set up
   */
  public static on(workload: ISystemWorkload, options: DockerEngineOptions = {}): DockerEngine {
    assertEngine(workload, options);
    const given = engineContainer(workload, options, DockerEngine.DEFAULT_IMAGE);
    const mode = options.mode ?? (hasContainers(workload) ? DockerEngineMode.SIDECAR : DockerEngineMode.IN_CONTAINER);
    const files = filesOf(workload, options);
    const container =
      mode === DockerEngineMode.SIDECAR
        ? workload.addInitContainer(sidecar(workload, given, options, files))
        : workload.addContainer(inContainer(given, options, files));
    return new DockerEngine(workload, container, options, files, mode === DockerEngineMode.IN_CONTAINER);
  }

  /** The engine's container. */
  public readonly container: kplus.Container;

  /** DOCKER_HOST of the pod's other containers. */
  public readonly dockerHost: string = SHARED_SOCKET;

  private constructor(
    workload: ISystemWorkload,
    container: kplus.Container,
    options: DockerEngineOptions,
    files: Record<string, string>,
    isClientToo: boolean,
  ) {
    super(workload, 'Docker');
    this.container = container;
    equipEngine(this, workload, container, options, files, isClientToo);
  }
}

function hasContainers(workload: ISystemWorkload): boolean {
  return workload instanceof AdoptedWorkload || workload.containers.length > 0;
}

/** @internal */
export function engineAlone(given: kplus.ContainerProps, files: Record<string, string>): kplus.ContainerProps {
  return { ...given, command: engineCommand(files), args: ['dockerd'] };
}

/** The files are not checked again: the container's own command has done that. @internal */
export function whenAnswering(options: DockerContainerOptions): { startup: kplus.Probe; readiness: kplus.Probe } {
  // An exec probe also notices a restart of Sysbox's daemons, after which no exec into the container works any more.
  const readiness = kplus.Probe.fromCommand(['/bin/sh', ENGINE_PROGRAM, 'runs'], {
    periodSeconds: Duration.seconds(10),
    timeoutSeconds: PROBE_TIMEOUT,
  });
  return { startup: answers(options), readiness };
}

/** @internal */
export function assertNoCommand(workload: ISystemWorkload, given: kplus.ContainerProps, remedy: string): void {
  if (!given.command && !given.args) return;
  throw new Error(`${workload.node.path}: container '${given.name}' is the engine and takes no command. ${remedy}`);
}

function sidecar(
  workload: ISystemWorkload,
  given: kplus.ContainerProps,
  options: DockerContainerOptions,
  files: Record<string, string>,
): kplus.ContainerProps {
  assertNoCommand(workload, given, 'Put it into another container, or use DockerEngineMode.IN_CONTAINER');
  return {
    startup: answers(options),
    ...engineAlone(given, files),
    restartPolicy: kplus.ContainerRestartPolicy.ALWAYS,
  };
}

function inContainer(
  given: kplus.ContainerProps,
  options: DockerContainerOptions,
  files: Record<string, string>,
): kplus.ContainerProps {
  const command = [...(given.command ?? []), ...(given.args ?? [])];
  if (command.length === 0) return { ...whenAnswering(options), ...engineAlone(given, files) };
  const seconds = options.startTimeout?.toSeconds();
  return {
    ...given,
    command: engineCommand(files),
    args: ['dockerd', '--', ...command],
    envVariables: {
      ...(seconds !== undefined && { DOCKER_START_SECONDS: kplus.EnvValue.fromValue(String(seconds)) }),
      ...given.envVariables,
    },
  };
}

function answers(options: DockerContainerOptions): kplus.Probe {
  const period = 2;
  const seconds = (options.startTimeout ?? Duration.minutes(2)).toSeconds();
  return kplus.Probe.fromCommand(['/bin/sh', ENGINE_PROGRAM, 'answers'], {
    periodSeconds: Duration.seconds(period),
    timeoutSeconds: PROBE_TIMEOUT,
    failureThreshold: Math.max(1, Math.ceil(seconds / period)),
  });
}
