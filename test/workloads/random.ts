import { Chart, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import * as fc from 'fast-check';
import { ContainerEngine, RuntimeReference } from '../../src/runtime';
import {
  PodSecurityLevel,
  SpecialDirectory,
  SystemOptions,
  SystemStatefulSet,
  SystemVolume,
} from '../../src/workloads';
import { CommonProps, kinds } from './kinds';

/** A workload of any kind with any values, good and bad; it is made inside a chart. */
export interface RandomWorkload {
  readonly kind: string;
  readonly options: SystemOptions;
  readonly containers: RandomContainer[];
  readonly runtime?: [version: string | undefined, crio: boolean];
  readonly hostNetwork?: boolean;
  readonly shareProcessNamespace?: boolean;
  readonly spread?: boolean;
}

interface RandomContainer {
  readonly props: kplus.ContainerProps;
  readonly init: boolean;
  readonly mounts: { readonly path: string; readonly volume: number }[];
}

/** Mostly a good value: a workload has many, and one bad one spoils it. */
const mostly = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 120, arbitrary: good }, { weight: 1, arbitrary: bad });
/** Mostly nothing. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
/** A record in which any field may be missing. */
function partial<T extends object>(fields: { [K in keyof T]?: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  const all = Object.entries(fields).map(([key, value]) => [key, maybe(value as fc.Arbitrary<unknown>)]);
  return fc.record(Object.fromEntries(all), { noNullPrototype: true }) as fc.Arbitrary<T>;
}
const of = <T>(...values: T[]) => fc.constantFrom(...values);

const label = mostly(of('a', 'ab-c', 'zone', 'example.com/a', 'x.y/z'), fc.string({ maxLength: 70 }));
const labelValue = mostly(of('', 'a', 'b.c', 'D_e'), fc.string({ maxLength: 70 }));
const id = mostly(of(0), of(1, 1000, 65535, 65536, 100000));

const securityContext = partial<kplus.ContainerSecurityContextProps>({
  user: id,
  group: id,
  ensureNonRoot: mostly(of(false), of(true)),
  privileged: mostly(of(false), of(true)),
  readOnlyRootFilesystem: mostly(of(false), of(true)),
  allowPrivilegeEscalation: fc.boolean(),
  capabilities: partial({
    add: mostly<kplus.Capability[]>(of([kplus.Capability.CHOWN]), of([kplus.Capability.NET_ADMIN])),
    drop: of([kplus.Capability.ALL]),
  }),
  seccompProfile: mostly<kplus.SeccompProfile>(
    of({ type: kplus.SeccompProfileType.RUNTIME_DEFAULT }),
    of({ type: kplus.SeccompProfileType.UNCONFINED }),
  ),
});

const container: fc.Arbitrary<RandomContainer> = fc.record({
  props: fc
    .tuple(
      mostly(of('a:1', 'docker:29-dind', 'b', 'rancher/k3s:v1.36.2-k3s1'), of('docker:29-dind-rootless')),
      partial<kplus.ContainerOpts>({
        command: mostly(
          of(['sleep', '9'], ['/sbin/init'], ['dockerd']),
          of(['/usr/sbin/init'], ['sh', '-c', 'exec /sbin/init']),
        ),
        args: of(['--data-root=/data'], ['server'], ['-H', 'tcp://0.0.0.0:2375']),
        envVariables: fc.dictionary(
          mostly(of('A', 'DOCKER_TLS_CERTDIR', 'B', 'C'), of('SYSBOX_HONOR_CAPS', 'SYSBOX_FOO')),
          of('', 'TRUE', 'true').map((value) => kplus.EnvValue.fromValue(value)),
          { noNullPrototype: true },
        ),
        portNumber: of(80, 65535),
        resources: of<kplus.ContainerResources>(
          { cpu: { request: kplus.Cpu.millis(5) } },
          { memory: { limit: Size.mebibytes(64) } },
        ),
        securityContext,
        imagePullPolicy: of(kplus.ImagePullPolicy.NEVER),
      }),
    )
    .map(([image, more]) => ({ ...more, image })),
  init: of(false, false, true),
  mounts: fc.uniqueArray(
    fc.record({
      path: mostly(of('/data', '/run/x', '/var/lib/docker', '/var/lib/rancher/k3s'), of('/run', '/sys/fs/cgroup/a')),
      volume: mostly(of(0, 3, 4, 5), of(1, 2)),
    }),
    { maxLength: 3, selector: ({ path }) => path },
  ),
});

const spread = fc
  .tuple(
    mostly(of(1, 2), of(0, 1.5)),
    label,
    mostly(of('DoNotSchedule', 'ScheduleAnyway'), of('never')),
    maybe(mostly(of(1, 2), of(0))),
  )
  .map(([maxSkew, topologyKey, whenUnsatisfiable, minDomains]) => {
    // mostly as the API server wants it: with DoNotSchedule only
    return {
      maxSkew,
      topologyKey,
      whenUnsatisfiable,
      minDomains: whenUnsatisfiable === 'ScheduleAnyway' ? undefined : minDomains,
    };
  });

const { RUNTIME_DEFAULT, LOCALHOST, UNCONFINED } = kplus.SeccompProfileType;
const options = partial<SystemOptions>({
  runtimeClassName: mostly(of('sysbox-runc'), fc.string({ maxLength: 70 })),
  priorityClassName: mostly(of('system-cluster-critical'), of('A b')),
  nodeSelector: fc.dictionary(label, labelValue, { maxKeys: 2, noNullPrototype: true }),
  topologySpreadConstraints: fc.array(spread, { maxLength: 2 }),
  seccompProfile: mostly(
    of<kplus.SeccompProfile>({ type: RUNTIME_DEFAULT }, { type: LOCALHOST, localhostProfile: 'a/b.json' }),
    of<kplus.SeccompProfile>(
      { type: UNCONFINED },
      { type: LOCALHOST },
      { type: RUNTIME_DEFAULT, localhostProfile: 'x' },
    ),
  ),
  containers: fc.dictionary(
    mostly(of('c0'), of('c1', 'other')),
    partial({ tty: fc.boolean(), stdin: fc.boolean(), stdinOnce: mostly(of(false), of(true)) }),
    { maxKeys: 2, noNullPrototype: true },
  ),
  podSecurity: of(...Object.values(PodSecurityLevel)),
  acknowledge: fc.array(
    fc.record({
      rule: mostly(of('privileged', 'host-path', 'capabilities', 'image-tag'), of('host-users', 'x')),
      reason: mostly(of('because'), of('', '  ')),
    }),
    { maxLength: 2 },
  ),
});

export const randomWorkload: fc.Arbitrary<RandomWorkload> = fc.record(
  {
    kind: fc.constantFrom(...Object.keys(kinds)),
    options,
    containers: fc.array(container, { minLength: 1, maxLength: 3 }),
    runtime: maybe(fc.tuple(maybe(mostly(of('1.33', '1.36'), of('1.32', 'x'))), mostly(of(false), of(true)))),
    hostNetwork: mostly(of(false), of(true)),
    shareProcessNamespace: mostly(of(false), of(true)),
    spread: fc.boolean(),
  },
  { requiredKeys: ['kind', 'options', 'containers'] },
);

/** The objects of the chart, or the error that somebody sees instead. */
export function synthesize(random: RandomWorkload): { readonly objects?: object[]; readonly error?: string } {
  try {
    const chart = Testing.chart();
    make(chart, random);
    return { objects: Testing.synth(chart) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function make(chart: Chart, random: RandomWorkload): void {
  const [clusterVersion, crio] = random.runtime ?? [];
  const runtimeClassName = random.options.runtimeClassName ?? 'sysbox-runc';
  const containerEngine = crio ? ContainerEngine.CRIO : undefined;
  const runtime =
    random.runtime && RuntimeReference.fromRuntimeClassName(runtimeClassName, { clusterVersion, containerEngine });
  const props: CommonProps & { spread?: boolean } = {
    system: { ...random.options, runtime },
    hostNetwork: random.hostNetwork,
    shareProcessNamespace: random.shareProcessNamespace,
    spread: random.spread,
  };
  const workload = kinds[random.kind]!.make(chart, 'it', props);
  const volumes = VOLUMES().map((volume, i) => volume(chart, `v${i}`));
  random.containers.forEach(({ props, init, mounts }, i) => {
    const probeless = { ...props, portNumber: undefined };
    const added =
      init && i > 0
        ? workload.addInitContainer({ ...probeless, name: `c${i}` })
        : workload.addContainer({ ...props, portNumber: i === 0 ? props.portNumber : undefined, name: `c${i}` });
    for (const { path, volume } of mounts) added.mount(path, volumes[volume] as kplus.Volume);
  });
  if (workload instanceof SystemStatefulSet) {
    workload.addVolumeClaimTemplate({
      name: 'claim',
      storage: Size.gibibytes(1),
      mountPath: SpecialDirectory.KUBELET.path,
    });
  }
}

function VOLUMES(): ((chart: Chart, id: string) => kplus.Volume)[] {
  return [
    (chart, id) => kplus.Volume.fromEmptyDir(chart, id, id, { sizeLimit: Size.gibibytes(1) }),
    (chart, id) => kplus.Volume.fromHostPath(chart, id, id, { path: '/x' }),
    (chart, id) => kplus.Volume.fromNfs(chart, id, id, { server: 'a', path: '/' }),
    (chart, id) => SystemVolume.fromEphemeralClaim(chart, id, id, { storage: Size.gibibytes(1) }),
    (chart, id) => SystemVolume.fromDownwardApi(chart, id, id, [{ path: 'a', field: 'metadata.labels' }]),
    (chart, id) => {
      const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, `${id}-claim`, 'data');
      return kplus.Volume.fromPersistentVolumeClaim(chart, id, claim);
    },
  ];
}
