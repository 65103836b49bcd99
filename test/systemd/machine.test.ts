import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import {
  JournalLevel,
  MachineId,
  PersistentDirectory,
  SystemdJournalOptions,
  SystemdMachine,
  SystemdOptions,
  SystemdPod,
  SystemdPodProps,
  SystemdReadinessOptions,
  SystemdStop,
} from '../../src/systemd';
import { RuntimeReference } from '../../src/runtime';
import { ClaimOptions, SystemDeployment, SystemDeploymentProps, SystemPod, SystemStorage } from '../../src/workloads';
import { byKind, checked, containerOf, Manifest } from '../docker/manifests';
import { kinds, newChart, podSpecIn } from '../workloads/kinds';

const image = 'debian-systemd:13';
const MASKS = ['config', 'debug', 'tracing'].map((name) => `systemd.mask=sys-kernel-${name}.mount`);

/** Props of the pod, and what the machine's container has beyond its image. */
type PodProps = Omit<Partial<SystemdPodProps>, 'systemd'> & { readonly container?: Partial<kplus.ContainerProps> };

function machineWith(systemd: SystemdOptions = {}, { container, ...props }: PodProps = {}) {
  const chart = Testing.chart();
  new SystemdPod(chart, 'it', { ...props, systemd: { ...systemd, container: { image, ...container } } });
  const { Pod, ConfigMap, ...others } = byKind(chart);
  const maps: Manifest[] = Testing.synth(chart).filter((m: Manifest) => m.kind === 'ConfigMap');
  const files = Object.assign({}, ...maps.map((m) => m.data));
  const machine = containerOf(Pod.spec, 'machine');
  const command = (...words: [string, ...string[]]) => checked(maps, '/opt/cdk8s-sysbox/systemd', ...words);
  return { spec: Pod.spec, machine, command, files, configMap: ConfigMap, others };
}

/** As systemd reads a command line (systemd.service(5), systemd.syntax(7)); variables and specifiers are left out. */
function wordsOfUnit(line: string): string[] {
  const escapes: Record<string, string> = { n: '\n' };
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain = '']) =>
    (quoted ?? plain)
      .replace(/\\(.)/g, (_, char: string) => escapes[char] ?? char)
      .replaceAll('$$', () => '$')
      .replaceAll('%%', '%'),
  );
}

describe.each(Object.values(kinds))('in a $name', (kind) => {
  test('is booted as Sysbox wants it', () => {
    const chart = newChart();

    const { container } = SystemdMachine.on(kind.make(chart, 'it', {}), { container: { image } });

    const spec = podSpecIn(kind, chart);
    expect(container.name).toBe('machine');
    expect(spec.containers[0]).toMatchObject({ image, tty: true });
    expect(spec.containers[0].command).toEqual(['/sbin/init']);
    expect(spec.containers[0].args).toEqual(expect.arrayContaining(MASKS));
    expect(spec.terminationGracePeriodSeconds).toBe(100);
  });
});

test('a pod that boots systemd', () => {
  const { spec } = machineWith();

  expect(spec).toMatchSnapshot();
});

test('masks what cannot work in a system container', () => {
  const masked = machineWith().machine.args.filter((arg: string) => arg.startsWith('systemd.mask='));

  expect(masked).toEqual([
    ...MASKS,
    'systemd.mask=systemd-firstboot.service',
    'systemd.mask=systemd-journald-audit.socket',
    'systemd.mask=systemd-modules-load.service',
    'systemd.mask=systemd-networkd-wait-online.service',
    'systemd.mask=systemd-udev-trigger.service',
  ]);
});

test('no volume is at /run, where Sysbox would drop it', () => {
  const paths = machineWith().machine.volumeMounts.map((m: { mountPath: string }) => m.mountPath);

  expect(paths.filter((path: string) => path.startsWith('/run'))).toEqual([]);
});

test('generators are executable and configuration is not', () => {
  const { items } = machineWith().spec.volumes.find((v: { name: string }) => v.name === 'systemd-files').configMap;

  expect(items).toEqual(
    expect.arrayContaining([
      { key: 'environment.sh', path: 'environment.sh', mode: 0o755 },
      { key: 'journald.conf', path: 'journald.conf', mode: 0o644 },
    ]),
  );
});

describe('is stopped', () => {
  test('by a hook that sends what systemd shuts down at, and waits', () => {
    const { machine, spec } = machineWith({ stopTimeout: Duration.seconds(20) });

    expect(machine.lifecycle).toEqual({
      preStop: { exec: { command: ['/bin/sh', '-c', 'kill -s RTMIN+3 1; sleep 20'] } },
    });
    expect(spec.terminationGracePeriodSeconds).toBe(30);
  });

  test('by the signal of its image', () => {
    const lifecycle = { preStop: kplus.Handler.fromCommand(['wall', 'bye']) };

    const { machine, spec } = machineWith({ stop: SystemdStop.imageSignal() }, { container: { lifecycle } });

    expect(machine.lifecycle).toEqual({ preStop: { exec: { command: ['wall', 'bye'] } } });
    expect(spec.terminationGracePeriodSeconds).toBe(100);
  });

  test('by the signal of its lifecycle, in a cluster that has the feature gate', () => {
    const runtime = RuntimeReference.fromRuntimeClassName('sysbox', { featureGates: ['ContainerStopSignals'] });

    const { machine, spec } = machineWith({ stop: SystemdStop.lifecycleSignal() }, { system: { runtime } });

    expect(machine.lifecycle).toEqual({ stopSignal: 'SIGRTMIN+3' });
    expect(spec.os).toEqual({ name: 'linux' });
  });

  test.each(Object.values(kinds))('by the signal of its lifecycle in a $name, too', (kind) => {
    const chart = newChart();
    const runtime = RuntimeReference.fromRuntimeClassName('sysbox', { featureGates: ['ContainerStopSignals'] });
    const workload = kind.make(chart, 'it', { system: { runtime }, containers: [{ name: 'other', image: 'a:1' }] });

    SystemdMachine.on(workload, { container: { image }, stop: SystemdStop.lifecycleSignal() });

    const spec = podSpecIn(kind, chart);
    expect(containerOf(spec, 'machine').lifecycle).toEqual({ stopSignal: 'SIGRTMIN+3' });
    expect(containerOf(spec, 'other').lifecycle).toBeUndefined();
  });

  test('within a grace period that was given', () => {
    expect(machineWith({}, { terminationGracePeriod: Duration.minutes(5) }).spec.terminationGracePeriodSeconds).toBe(
      300,
    );
  });
});

describe('the machine id', () => {
  test('is that of the pod', () => {
    const { machine } = machineWith();

    expect(machine.args).toContain('systemd.machine_id=$(container_uuid)');
    expect(machine.env).toContainEqual({
      name: 'container_uuid',
      valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } },
    });
  });

  test('can be given, derived, or left to the image', () => {
    const args = (machineId: MachineId) =>
      machineWith({ machineId }).machine.args.filter((a: string) => a.includes('machine_id'));

    expect(args(MachineId.of('0123456789abcdef0123456789abcdef'))).toEqual([
      'systemd.machine_id=0123456789abcdef0123456789abcdef',
    ]);
    expect(args(MachineId.derivedFrom('a'))).toEqual([expect.stringMatching(/^systemd\.machine_id=[0-9a-f]{32}$/)]);
    expect(args(MachineId.derivedFrom('a'))).not.toEqual(args(MachineId.derivedFrom('b')));
    expect(args(MachineId.ofImage())).toEqual([]);
  });

  test.each(['', 'x', '0'.repeat(32), 'A'.repeat(32)])("cannot be '%s'", (id) => {
    expect(() => MachineId.of(id)).toThrow(
      `MachineId.of(): '${id}' is not a valid machine id. Write 32 lower-case hexadecimal digits`,
    );
  });

  test('cannot be derived from nothing', () => {
    expect(() => MachineId.derivedFrom('')).toThrow('MachineId.derivedFrom(): an empty text tells no machine apart');
  });
});

/** One value for every option, so that a new option does not compile until it has a row here and in `rendered`. */
const journal: Required<SystemdJournalOptions> = {
  forwardToConsole: true,
  level: JournalLevel.WARNING,
  maxSize: Size.mebibytes(20),
};
const readiness: Required<SystemdReadinessOptions> = {
  acceptDegraded: false,
  units: ['ssh.service'],
  tcpPorts: [22, 8080],
  period: Duration.seconds(3),
  timeout: Duration.seconds(4),
};
const directory: Required<PersistentDirectory> = {
  path: '/var/lib/postgresql',
  storage: SystemStorage.claim({ storage: Size.gibibytes(8) }),
  subPath: 'data',
  seed: true,
};
const everyOption: Required<SystemdOptions> = {
  maskedUnits: ['fstrim.timer'],
  wantedUnits: ['cron.service'],
  target: 'multi-user.target',
  stop: SystemdStop.imageSignal(),
  stopTimeout: Duration.seconds(200),
  unitEnvironment: false,
  machineId: MachineId.ofImage(),
  journal,
  readiness,
  persistentDirectories: [directory],
  docker: { socketGroup: 4, storage: SystemStorage.emptyDir(Size.gibibytes(2)) },
};

const GENERATOR = '/etc/systemd/system-environment-generators/50-cdk8s-sysbox';
const mountOf = (machine: Manifest, path: string) =>
  machine.volumeMounts.find((m: { mountPath: string }) => m.mountPath === path);

const rendered: Record<keyof SystemdOptions, (made: ReturnType<typeof machineWith>) => void> = {
  maskedUnits: ({ machine }) => expect(machine.args).toContain('systemd.mask=fstrim.timer'),
  wantedUnits: ({ machine }) => expect(machine.args).toContain('systemd.wants=cron.service'),
  target: ({ machine }) => expect(machine.args).toContain('systemd.unit=multi-user.target'),
  stop: ({ machine }) => expect(machine.lifecycle).toBeUndefined(),
  stopTimeout: ({ spec }) => expect(spec.terminationGracePeriodSeconds).toBe(210),
  unitEnvironment: ({ machine, files }) => {
    expect(mountOf(machine, GENERATOR)).toBeUndefined();
    expect(files['environment.sh']).toBeUndefined();
  },
  machineId: ({ machine }) => expect(machine.args.join()).not.toContain('machine_id'),
  journal: ({ files }) =>
    expect(files['journald.conf']).toBe(
      '[Journal]\nForwardToConsole=yes\nTTYPath=/dev/console\nMaxLevelConsole=warning\nSystemMaxUse=20M\nRuntimeMaxUse=20M\n',
    ),
  readiness: ({ machine, command }) => {
    const words = ['--strict', '--port=22', '--port=8080', 'ssh.service'];
    const times = { periodSeconds: 3, timeoutSeconds: 4 };
    expect(machine.startupProbe).toMatchObject({ exec: { command: command('ready.sh', ...words) }, ...times });
    expect(machine.readinessProbe).toMatchObject({
      exec: { command: ['sh', '/opt/cdk8s-sysbox/systemd/ready.sh', ...words] },
      ...times,
    });
  },
  persistentDirectories: ({ spec, machine, command, files, others }) => {
    const volume = { name: 'var-lib-postgresql', subPath: 'data' };
    expect(machine.volumeMounts).toContainEqual({ ...volume, mountPath: '/var/lib/postgresql' });
    expect(others.PersistentVolumeClaim.spec.resources.requests.storage).toBe('8192Mi');
    expect(spec.initContainers[0]).toMatchObject({
      image,
      command: command('seed.sh', '/var/lib/postgresql'),
      volumeMounts: expect.arrayContaining([{ ...volume, mountPath: '/seed/0' }]),
    });
    expect(files['seed.sh']).toContain('#!/bin/sh');
  },
  docker: ({ spec, machine, files }) => {
    expect(machine.args).toContain('systemd.wants=docker.service');
    expect(files['50-cdk8s-sysbox.conf']).toMatch(
      /^\[Service\]\nExecStartPre=\/bin\/sh -c ".*" check \/opt\/cdk8s-sysbox\/docker [0-9a-f]{64} engine.sh configure\n$/,
    );
    // the unit says where the engine listens, and dockerd refuses to have it twice
    expect(JSON.parse(files['daemon.json'])).toEqual(expect.not.objectContaining({ hosts: expect.anything() }));
    expect(JSON.parse(files['daemon.json'])).toMatchObject({ group: '4' });
    expect(spec.securityContext).toEqual({ supplementalGroups: [4] });
    const snapshots = 'containerd/io.containerd.snapshotter.v1.overlayfs';
    expect(machine.volumeMounts).toEqual(
      expect.arrayContaining([
        { name: 'docker-data', mountPath: '/var/lib/docker', subPath: 'docker' },
        { name: 'docker-data', mountPath: '/var/lib/containerd', subPath: 'containerd' },
        { name: 'docker-data', mountPath: `/var/lib/${snapshots}`, subPath: snapshots },
        {
          name: 'docker-unit',
          mountPath: '/etc/systemd/system/docker.service.d/50-cdk8s-sysbox.conf',
          subPath: '50-cdk8s-sysbox.conf',
          readOnly: true,
        },
      ]),
    );
    expect(spec.volumes).toContainEqual({ name: 'docker-data', emptyDir: { sizeLimit: '2048Mi' } });
  },
};

describe('has the option', () => {
  test.each(Object.keys(rendered) as (keyof SystemdOptions)[])('%s', (option) => {
    rendered[option](machineWith({ [option]: everyOption[option] }));
    expect(() => rendered[option](machineWith())).toThrow();
  });

  test('with all others', () => {
    for (const check of Object.values(rendered)) check(machineWith(everyOption));
  });

  test('a Docker engine whose files are checked each time before it starts', () => {
    const { files } = machineWith({ docker: {} });
    const directory = mkdtempSync(join(tmpdir(), 'docker-unit-'));
    for (const name of ['engine.sh', 'daemon.json']) writeFileSync(join(directory, name), files[name] ?? '');
    const line = /^ExecStartPre=(.*)$/m.exec(files['50-cdk8s-sysbox.conf'] ?? '')?.[1] ?? '';
    const [shell = '', ...args] = wordsOfUnit(line).map((it) => (it === '/opt/cdk8s-sysbox/docker' ? directory : it));
    const start = () => {
      const env = { PATH: process.env.PATH, CDK8S_SYSBOX_ROOT: directory };
      return spawnSync(shell, args, { encoding: 'utf8', env });
    };

    expect(start()).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(join(directory, 'daemon.json'), '{}');

    expect(start()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('A tool has rewritten their ConfigMap'),
    });
  });

  test('registryCredentials of its Docker engine', () => {
    const chart = Testing.chart();
    const registryCredentials = kplus.Secret.fromSecretName(chart, 's', 'registries');

    new SystemdPod(chart, 'it', { systemd: { container: { image }, docker: { registryCredentials } } });

    const machine = containerOf(byKind(chart).Pod.spec, 'machine');
    expect(machine.env).toContainEqual({ name: 'DOCKER_CONFIG', value: '/opt/cdk8s-sysbox/docker-config' });
    expect(mountOf(machine, '/opt/cdk8s-sysbox/docker-config')).toMatchObject({ name: 'docker-credentials' });
  });
});

test('the journal can stay inside', () => {
  const { machine, files } = machineWith({ journal: { forwardToConsole: false } });

  expect(machine.tty).toBeUndefined();
  expect(files['journald.conf']).toBe('[Journal]\n');
});

test('a readiness probe that is given stays', () => {
  const probe = kplus.Probe.fromCommand(['true']);

  const { machine } = machineWith({}, { container: { readiness: probe } });

  expect(machine.readinessProbe.exec.command).toEqual(['true']);
  expect(machine).not.toHaveProperty('startupProbe');
});

test('no limit of a probe ends a machine that starts slowly', () => {
  const { startupProbe } = machineWith().machine;

  expect(startupProbe.failureThreshold).toBe(2147483647);
  expect(startupProbe.timeoutSeconds).toBe(60);
});

test('two directories share one storage under names of their own, and are seeded as asked', () => {
  const storage = SystemStorage.claim({ storage: Size.gibibytes(1) });
  const { machine, command, spec } = machineWith({
    persistentDirectories: [
      { path: '/home', storage, subPath: 'home' },
      { path: '/srv/Web.d', storage, subPath: 'web', seed: false },
    ],
  });

  expect(mountOf(machine, '/home').name).toBe(mountOf(machine, '/srv/Web.d').name);
  expect(spec.initContainers[0].command).toEqual(command('seed.sh', '/home'));
});

test.each<[string, SystemdOptions | undefined, PodProps, string]>([
  [
    'a command',
    {},
    { container: { command: ['/lib/systemd/systemd'] } },
    "test/it: container 'machine' boots systemd, whose first word must be exactly /sbin/init. Leave command and args out, and give what must run to a unit",
  ],
  [
    'an image without a version',
    {},
    { container: { image: 'debian', name: 'vm' } },
    "test/it: container 'vm': the image 'debian' names no version",
  ],
  [
    'a second way to stop',
    {},
    { container: { lifecycle: { preStop: kplus.Handler.fromCommand(['x']) } } },
    'test/it: the preStop hook is what shuts systemd down. Give yours to a unit, or use SystemdStop.imageSignal()',
  ],
  [
    'a grace period that is too short',
    {},
    { terminationGracePeriod: Duration.seconds(60) },
    'test/it: terminationGracePeriod of 60 s ends before the shutdown may take 90 s. Give at least 100 s, or a shorter stopTimeout',
  ],
  [
    'a stop signal that the API server drops',
    { stop: SystemdStop.lifecycleSignal() },
    {},
    'test/it: lifecycle.stopSignal works in no release without a feature gate yet (KEP-4960). Turn on the feature gate ContainerStopSignals (known since 1.33) in the cluster and name it in the runtime',
  ],
  [
    'a name that is not a valid unit',
    { maskedUnits: ['cron'] },
    {},
    "test/it: maskedUnits: 'cron' is not a valid unit. Write the full name, such as 'ssh.service'",
  ],
  [
    'a wanted name that is not a valid unit',
    { wantedUnits: ['a b.service'] },
    {},
    "wantedUnits: 'a b.service' is not a valid unit",
  ],
  ['a target that is not a valid unit', { target: '3' }, {}, "target: '3' is not a valid unit"],
  ...[0, 65536, 1.5].map((port): [string, SystemdOptions, object, string] => [
    `a readiness of no port (${port})`,
    { readiness: { tcpPorts: [port] } },
    {},
    `readiness: ${port} is not a valid TCP port. Give a whole number from 1 to 65535`,
  ]),
  ['a readiness of no unit', { readiness: { units: ['x'] } }, {}, "readiness: 'x' is not a valid unit"],
  ...['/run', '/run/lock'].map((path): [string, SystemdOptions, object, string] => [
    `a volume at ${path}`,
    { persistentDirectories: [{ ...directory, path }] },
    {},
    `test/it: persistentDirectories: Sysbox mounts a tmpfs of its own at '${path}'. Use a directory below it, or elsewhere`,
  ]),
  [
    "a kernel's directory",
    { persistentDirectories: [{ ...directory, path: '/sys/x' }] },
    {},
    "persistentDirectories: '/sys/x' is the kernel's",
  ],
  [
    'a relative directory',
    { persistentDirectories: [{ ...directory, path: 'home' }] },
    {},
    "persistentDirectories: 'home' is not an absolute path",
  ],
  [
    'a directory twice',
    { persistentDirectories: [directory, directory] },
    {},
    "persistentDirectories: '/var/lib/postgresql' is there twice",
  ],
  [
    'two directories that are one',
    { persistentDirectories: [directory, { ...directory, path: '/srv' }] },
    {},
    "persistentDirectories: '/var/lib/postgresql' and '/srv' would be one directory of one storage. Give each its own subPath",
  ],
  [
    'a directory that nothing keeps',
    { persistentDirectories: [{ path: '/srv', storage: SystemStorage.nodeLocal() }] },
    {},
    "test/it: the node keeps nothing for '/srv'. Use SystemStorage.claim(), or leave the directory out",
  ],
])('refuses %s', (_, systemd, props, message) => {
  expect(() => machineWith(systemd, props)).toThrow(message);
});

test('refuses two machines in one pod', () => {
  const pod = new SystemPod(Testing.chart(), 'it');
  SystemdMachine.on(pod, { container: { image } });

  expect(() => SystemdMachine.on(pod, { container: { image } })).toThrow(
    'test/it: a pod has one systemd machine, and this one has one already. Use a workload of its own',
  );
});

test('renders the same twice', () => {
  const chart = Testing.chart();
  const runtime = RuntimeReference.fromRuntimeClassName('sysbox', { featureGates: ['ContainerStopSignals'] });
  const systemd = { ...everyOption, stop: SystemdStop.lifecycleSignal() };
  new SystemdPod(chart, 'it', { systemd: { ...systemd, container: { image } }, system: { runtime } });

  expect(Testing.synth(chart)).toEqual(Testing.synth(chart));
});

describe('directories of a Deployment', () => {
  const { READ_WRITE_MANY } = kplus.PersistentVolumeAccessMode;
  const { recreate } = kplus.DeploymentStrategy;
  const on = (deployment: SystemDeploymentProps, claim: Partial<ClaimOptions> = {}) =>
    SystemdMachine.on(new SystemDeployment(newChart(), 'it', deployment), {
      container: { image },
      persistentDirectories: [
        { path: '/var/lib/postgresql', storage: SystemStorage.claim({ storage: Size.gibibytes(1), ...claim }) },
      ],
    });

  test.each([{}, { replicas: 2, strategy: recreate() }, { replicas: 1 }])('are not shared by pods: %j', (props) => {
    expect(() => on(props)).toThrow(
      "test/it: several pods of a Deployment can run at a time, and would share the claim 'var-lib-postgresql'. Use",
    );
  });

  test('are shared where that was asked for, and kept for one pod at a time', () => {
    expect(() => on({}, { accessModes: [READ_WRITE_MANY] })).not.toThrow();
    expect(() => on({ replicas: 1, strategy: recreate() })).not.toThrow();
  });
});
