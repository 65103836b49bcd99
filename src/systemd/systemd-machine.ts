import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { equipDockerService } from '../docker/docker-unit';
import { assertPinnedImage } from '../core/image-reference';
import { assertRoot, runAsRoot } from '../workloads/run-as-root';
import { PlainPodSpec } from '../workloads/system-pod-spec';
import { ISystemWorkload } from '../workloads/system-workload';
import { journalDropIn } from './journal';
import { programText } from '../core/programs';
import { MACHINE_DIRECTORY, machineCommand, machineFiles } from './machine-files';
import { MachineId } from './machine-id';
import { mountDirectories } from './persistent-directories';
import { SystemdStop } from './stop-strategy';
import { SystemdMachineOptions, SystemdOptions, SystemdReadinessOptions } from './systemd-options';
import { assertUnits, UNFIT_UNITS } from './units';

/** What the grace period has beyond the time for a shutdown, so that the hook ends by itself. */
const MARGIN_SECONDS = 10;

/** What cdk8s-plus gives a pod that says nothing. */
const PLUS_GRACE_SECONDS = 30;

/**
 * A container that boots systemd, in the pods of a workload of any kind: units, journal, logins, as on a machine.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { SystemdMachine, SystemDeployment } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const machines = new SystemDeployment(chart, 'Machines', { replicas: 3 });
 * SystemdMachine.on(machines, {
 *   container: { image: 'registry.example.org/debian-systemd:12' },
 *   maskedUnits: ['fstrim.timer'],
 * });
 */
export class SystemdMachine extends Construct {
  /**
   * Add a container that boots systemd.
   *
   * @param workload what gets the machine
   * @param options its container, and how systemd is set up
   */
  public static on(workload: ISystemWorkload, options: SystemdMachineOptions): SystemdMachine {
    assertMachine(workload, options);
    return new SystemdMachine(workload, options);
  }

  /** The machine's container. */
  public readonly container: kplus.Container;

  private constructor(workload: ISystemWorkload, options: SystemdMachineOptions) {
    super(workload, 'Systemd');
    const given = options.container;
    const stop = options.stop ?? SystemdStop.preStop();
    const stopSeconds = (options.stopTimeout ?? Duration.seconds(90)).toSeconds();
    const preStop = stop._preStop(stopSeconds);
    const machineId = options.machineId ?? MachineId.ofPod();
    const files = filesOf(options);

    this.container = workload.addContainer({
      name: 'machine',
      ...(given.readiness ? {} : probes(options.readiness ?? {}, files)),
      ...given,
      command: ['/sbin/init'],
      args: [...kernelArguments(options), ...machineId._arguments],
      envVariables: { ...machineId._variables, ...given.envVariables },
      lifecycle: preStop ? { ...given.lifecycle, preStop: kplus.Handler.fromCommand(preStop) } : given.lifecycle,
    });
    stop._applyTo(workload, this.container.name);
    const graceSeconds = stopSeconds + MARGIN_SECONDS;
    workload.system._change((spec) => runAsRoot(withGracePeriod(spec, graceSeconds), this.container.name));
    this.mountFiles(workload, options, files);
    if (options.docker) equipDockerService(workload, this.container, options.docker);
  }

  private mountFiles(workload: ISystemWorkload, options: SystemdOptions, files: Record<string, string>): void {
    const volume = machineFiles(this, 'Files', 'systemd-files', files);
    const file = (path: string, subPath: string) => this.container.mount(path, volume, { subPath, readOnly: true });
    this.container.mount(MACHINE_DIRECTORY, volume, { readOnly: true });
    file('/etc/systemd/journald.conf.d/50-cdk8s-sysbox.conf', 'journald.conf');
    if (options.unitEnvironment !== false) {
      file('/etc/systemd/system-environment-generators/50-cdk8s-sysbox', 'environment.sh');
    }
    if (options.journal?.forwardToConsole !== false)
      workload.system.configureContainer(this.container.name, { tty: true });
    const directories = options.persistentDirectories ?? [];
    mountDirectories(this, workload, this.container, directories, { files, volume });
  }
}

/** All files of the machine's directory. */
function filesOf(options: SystemdOptions): Record<string, string> {
  const seeds = (options.persistentDirectories ?? []).some(({ seed = true }) => seed);
  return {
    'ready.sh': programText(__dirname, 'ready.sh'),
    'journald.conf': journalDropIn(options.journal ?? {}),
    ...(options.unitEnvironment !== false && { 'environment.sh': programText(__dirname, 'environment.sh') }),
    ...(seeds && { 'seed.sh': programText(__dirname, 'seed.sh') }),
  };
}

/** systemd takes the arguments of PID 1 in a container as those of the kernel (kernel-command-line(7)). */
function kernelArguments(options: SystemdOptions): string[] {
  const wanted = [...(options.wantedUnits ?? []), ...(options.docker ? ['docker.service'] : [])];
  return [
    ...[...UNFIT_UNITS, ...(options.maskedUnits ?? [])].map((unit) => `systemd.mask=${unit}`),
    ...wanted.map((unit) => `systemd.wants=${unit}`),
    ...(options.target === undefined ? [] : [`systemd.unit=${options.target}`]),
  ];
}

/** How often the startup probe may fail: the kubelet's own limit, as a slow start must not cause a restart. */
const WITHOUT_LIMIT = 2 ** 31 - 1;

/** The files of the machine are checked until it is ready once: they are immutable, and a check takes five processes. */
function probes(
  options: SystemdReadinessOptions,
  files: Record<string, string>,
): { startup: kplus.Probe; readiness: kplus.Probe } {
  const strict = options.acceptDegraded === false ? ['--strict'] : [];
  const ports = (options.tcpPorts ?? []).map((port) => `--port=${port}`);
  const words = [...strict, ...ports, ...(options.units ?? [])];
  const times = {
    periodSeconds: options.period ?? Duration.seconds(10),
    timeoutSeconds: options.timeout ?? Duration.minutes(1),
  };
  return {
    startup: kplus.Probe.fromCommand(machineCommand(files, 'ready.sh', ...words), {
      ...times,
      failureThreshold: WITHOUT_LIMIT,
    }),
    readiness: kplus.Probe.fromCommand(['sh', `${MACHINE_DIRECTORY}/ready.sh`, ...words], times),
  };
}

function withGracePeriod(spec: PlainPodSpec, seconds: number): PlainPodSpec {
  const given: number = spec.terminationGracePeriodSeconds ?? PLUS_GRACE_SECONDS;
  return { ...spec, terminationGracePeriodSeconds: Math.max(given, seconds) };
}

function assertMachine(workload: ISystemWorkload, options: SystemdMachineOptions): void {
  const { container } = options;
  const where = workload.node.path;
  const name = container.name ?? 'machine';
  if (workload.node.tryFindChild('Systemd')) {
    throw new Error(`${where}: a pod has one systemd machine, and this one has one already. Use a workload of its own`);
  }
  if (container.command || container.args) {
    throw new Error(
      `${where}: container '${name}' boots systemd, whose first word must be exactly /sbin/init. Leave command and args out, and give what must run to a unit`,
    );
  }
  assertPinnedImage(container.image, `${where}: container '${name}'`);
  assertRoot({ ...container, name }, where);
  assertUnits(options.maskedUnits ?? [], `${where}: maskedUnits`);
  assertUnits(options.wantedUnits ?? [], `${where}: wantedUnits`);
  assertUnits(options.target === undefined ? [] : [options.target], `${where}: target`);
  assertUnits(options.readiness?.units ?? [], `${where}: readiness`);
  assertPorts(options.readiness?.tcpPorts ?? [], `${where}: readiness`);
  assertStop(workload, container, options);
}

function assertPorts(ports: number[], what: string): void {
  const wrong = ports.find((port) => !Number.isInteger(port) || port < 1 || port > 65535);
  if (wrong !== undefined)
    throw new Error(`${what}: ${wrong} is not a valid TCP port. Give a whole number from 1 to 65535`);
}

function assertStop(workload: ISystemWorkload, container: kplus.ContainerProps, options: SystemdOptions): void {
  const where = workload.node.path;
  const stopSeconds = (options.stopTimeout ?? Duration.seconds(90)).toSeconds();
  if ((options.stop ?? SystemdStop.preStop())._preStop(stopSeconds) && container.lifecycle?.preStop) {
    throw new Error(
      `${where}: the preStop hook is what shuts systemd down. Give yours to a unit, or use SystemdStop.imageSignal()`,
    );
  }
  const { terminationGracePeriod } = workload as ISystemWorkload & kplus.AbstractPod;
  const given = terminationGracePeriod?.toSeconds() ?? PLUS_GRACE_SECONDS;
  if (given !== PLUS_GRACE_SECONDS && given < stopSeconds + MARGIN_SECONDS) {
    throw new Error(
      `${where}: terminationGracePeriod of ${given} s ends before the shutdown may take ${stopSeconds} s. Give at least ${stopSeconds + MARGIN_SECONDS} s, or a shorter stopTimeout`,
    );
  }
}
