import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { SystemStorage } from '../workloads/system-storage';
import { DockerDaemonOptions } from './daemon-options';

/** A Docker engine that systemd of the same container starts, as `docker.service`. */
export interface DockerUnitOptions {
  /**
   * The engine's daemon.json. It takes the place of the image's own.
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
  readonly registryCredentials?: kplus.ISecret;

  /**
   * Group id of the engine's socket, from 1 to 65535. Processes of all containers of the pod get the group, so that other
   * users than root can use the engine.
   *
   * @default - the group `docker` of the engine's image, where it has one
   */
  readonly socketGroup?: number;
}

/** A Docker engine in a pod. */
export interface DockerEngineOptions extends DockerUnitOptions {
  /**
   * The engine's container: its image, resources and whatever else a container has. In the container itself, its
   * `command` and `args` run beside the engine, which stops after them; in the other modes a command is refused. The
   * image must have dockerd, the docker command and sh; iproute2 for the MTU. Refused: an image without tag or digest.
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
