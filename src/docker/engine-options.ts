import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { IConstruct } from 'constructs';
import { SystemStorage } from '../workloads/system-storage';
import { DockerDaemonOptions } from './daemon-options';

/** A Docker engine that systemd of the same container starts, as `docker.service`. */
export interface DockerServiceOptions {
  /**
   * The engine's daemon.json. It replaces the image's own.
   *
   * @default - what the engine does by itself, with the MTU of the pod's interface
   */
  readonly daemon?: DockerDaemonOptions;

  /**
   * Where the engine keeps images and containers. On a claim or a volume, both places that Docker 29 has for layers are
   * kept: its data root, and /var/lib/containerd, where they are when containerd is a service of its own.
   *
   * @default - an emptyDir of at most 20 GiB
   */
  readonly storage?: SystemStorage;

  /**
   * A Secret of type kubernetes.io/dockerconfigjson with credentials of registries, for the `docker` command of the
   * containers that use the engine. They cannot `docker login` by themselves then.
   *
   * @default - none
   */
  readonly registryCredentials?: IConstruct;

  /**
   * Group id of the engine's socket, from 1 to 65535. Processes of all containers of the pod get the group, so that other
   * users than root can use the engine.
   *
   * @default - the group `docker` of the engine's image, where it has one
   */
  readonly socketGroup?: number;
}

/** A Docker engine in a container. */
export interface DockerContainerOptions extends DockerServiceOptions {
  /**
   * The engine's container: image, resources and whatever else a container has. The image must have dockerd, the docker
   * command and sh; iproute2 for the MTU. A `command` runs alongside the engine with `DockerEngineMode.IN_CONTAINER`, and is
   * refused otherwise. Refused: an image without tag or digest.
   *
   * @default - image `DockerEngine.DEFAULT_IMAGE`, name "docker"
   */
  readonly container?: kplus.ContainerProps;

  /**
   * Directories that the engine's container and all others share, empty at the start: a bind mount of an inner container
   * (`docker run -v $PWD:/src`) is looked up in the engine's container.
   *
   * @default - none
   */
  readonly sharedDirectories?: string[];

  /**
   * How long the engine may take until it answers.
   *
   * @default Duration.minutes(2)
   */
  readonly startTimeout?: Duration;
}

/** Where the engine runs in a pod. */
export enum DockerEngineMode {
  /**
   * In the container that does the work. With a `command` in `container` the engine runs alongside that command and stops after
   * it, and the container ends as the command does, or fails when the engine ends first; without, the container is the
   * engine.
   */
  IN_CONTAINER = 'inContainer',

  /**
   * As a native sidecar: the other containers start when the engine answers, it stops after them, and a Job ends as its own
   * containers do. Needs Kubernetes 1.29, as native sidecars do.
   */
  SIDECAR = 'sidecar',
}

/** A Docker engine in the pods of a workload. */
export interface DockerEngineOptions extends DockerContainerOptions {
  /**
   * Where the engine runs.
   *
   * @default - DockerEngineMode.SIDECAR when the workload has containers at the time of the call, else IN_CONTAINER
   */
  readonly mode?: DockerEngineMode;
}
