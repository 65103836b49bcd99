import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { DockerServiceOptions } from '../docker/engine-options';
import { SystemStorage } from '../workloads/system-storage';
import { SystemdJournalOptions } from './journal';
import { MachineId } from './machine-id';
import { SystemdStop } from './stop-strategy';

/** A directory of the machine on storage of its own. */
export interface PersistentDirectory {
  /** Absolute path. Refused: /run and /run/lock, where Sysbox mounts a tmpfs, and anything in /proc, /sys and /dev. */
  readonly path: string;

  /** Where its content is. The same storage given for several directories is one volume: give each a `subPath` then. */
  readonly storage: SystemStorage;

  /**
   * The part of the storage.
   *
   * @default - all of it
   */
  readonly subPath?: string;

  /**
   * Fill it from the image while it is empty. Without, what the image has there is hidden.
   *
   * @default true
   */
  readonly seed?: boolean;
}

/** When the machine is ready. */
export interface SystemdReadinessOptions {
  /**
   * Also ready with failed units ("degraded"). They are named in the log, and in the event of the probe when this is off.
   *
   * @default true
   */
  readonly acceptDegraded?: boolean;

  /**
   * Units that must be active.
   *
   * @default - none
   */
  readonly units?: string[];

  /**
   * TCP ports on which something must listen, 1 to 65535: a unit with a socket, or its service. The name of a unit differs
   * between distributions, its port does not.
   *
   * @default - none
   */
  readonly tcpPorts?: number[];

  /**
   * How often it is asked.
   *
   * @default Duration.seconds(10)
   */
  readonly period?: Duration;

  /**
   * How long an answer may take. A machine that is not ready says so by itself: a low limit only keeps a slow node from
   * becoming ready.
   *
   * @default Duration.minutes(1)
   */
  readonly timeout?: Duration;
}

/** How systemd of a machine is set up. */
export interface SystemdOptions {
  /**
   * Units that are masked beyond those that cannot work in a system container.
   *
   * @default - none
   */
  readonly maskedUnits?: string[];

  /**
   * Units that are started though the image does not enable them. A unit that does not exist is ignored.
   *
   * @default - none
   */
  readonly wantedUnits?: string[];

  /**
   * The target that is started.
   *
   * @default - the image's default target
   */
  readonly target?: string;

  /**
   * How systemd is asked to shut down.
   *
   * @default SystemdStop.preStop()
   */
  readonly stop?: SystemdStop;

  /**
   * How long a shutdown may take. The pod's grace period is 10 seconds longer, unless it is longer already; a shorter one
   * is refused, but for cdk8s-plus' own 30 seconds.
   *
   * @default Duration.seconds(90), as systemd gives its units
   */
  readonly stopTimeout?: Duration;

  /**
   * Give the variables of the container to all units, also those from Secrets, as systemd keeps its own environment to
   * itself. They also lie in /run/cdk8s-sysbox/environment, for `EnvironmentFile=`.
   *
   * @default true
   */
  readonly unitEnvironment?: boolean;

  /**
   * What tells this machine from others.
   *
   * @default MachineId.ofPod()
   */
  readonly machineId?: MachineId;

  /**
   * The journal.
   *
   * @default - it is shown in `kubectl logs`
   */
  readonly journal?: SystemdJournalOptions;

  /**
   * When the machine is ready. A readiness probe of the container takes its place.
   *
   * @default - when systemd is running or degraded
   */
  readonly readiness?: SystemdReadinessOptions;

  /**
   * Directories that have storage of their own.
   *
   * @default - none: the machine is as in the image after each restart
   */
  readonly persistentDirectories?: PersistentDirectory[];

  /**
   * A Docker engine inside, as the unit docker.service of the image, which must have it (with iproute2).
   *
   * @default - none
   */
  readonly docker?: DockerServiceOptions;
}

/** A container that boots systemd. */
export interface SystemdMachineOptions extends SystemdOptions {
  /**
   * The machine's container: image, resources and whatever else a container has. The image must have systemd at /sbin/init,
   * and sh. Its name is "machine" by default. Refused: `command` and `args`, since Sysbox prepares a container for systemd
   * only when its first word is exactly /sbin/init; a preStop hook, unless the machine is stopped otherwise; an image without
   * tag or digest.
   */
  readonly container: kplus.ContainerProps;
}
