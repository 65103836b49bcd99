import { Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { ContainerEngine, RuntimeReference } from '../../src/runtime';
import {
  Acknowledgement,
  PodSecurityLevel,
  SystemContainerOptions,
  SystemOptions,
  SystemVolume,
  WarningMode,
} from '../../src/workloads';
import * as workloads from '../../src/workloads';
import { kinds, newChart, podSpecIn, podSpecOf, templateIn, ubuntu } from './kinds';

const container: Required<SystemContainerOptions> = { tty: true, stdin: true, stdinOnce: true };
const acknowledgement: Required<Acknowledgement> = { rule: 'image-tag', reason: 'a test' };

/** One value for every option, so that a new option does not compile until it has a row here. */
const everyOption: Required<SystemOptions> = {
  runtime: RuntimeReference.fromRuntimeClassName('sysbox'),
  runtimeClassName: 'sysbox',
  imagePullSecrets: [kplus.Secret.fromSecretName(newChart(), 's', 'pull')],
  priorityClassName: 'high',
  nodeSelector: { disk: 'ssd' },
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
  overhead: { memory: Size.mebibytes(64) },
  seccompProfile: { type: kplus.SeccompProfileType.LOCALHOST, localhostProfile: 'wide.json' },
  containers: { ubuntu: container },
  podSecurity: PodSecurityLevel.RESTRICTED,
  acknowledge: [acknowledgement],
  warnings: WarningMode.OFF,
};

/** What each option renders in the pod template. */
const rendered: Record<keyof SystemOptions, object> = {
  runtime: { spec: { runtimeClassName: 'sysbox' } },
  runtimeClassName: { spec: { runtimeClassName: 'sysbox' } },
  imagePullSecrets: { spec: { imagePullSecrets: [{ name: 'pull' }] } },
  priorityClassName: { spec: { priorityClassName: 'high' } },
  nodeSelector: { spec: { nodeSelector: { disk: 'ssd' } } },
  topologySpreadConstraints: {
    spec: {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: { 'cdk8s.io/metadata.addr': expect.any(String) } },
        },
      ],
    },
  },
  overhead: { spec: { overhead: { memory: '64Mi' } } },
  seccompProfile: {
    spec: { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'wide.json' } } },
  },
  containers: { spec: { containers: [{ name: 'ubuntu', tty: true, stdin: true, stdinOnce: true }] } },
  podSecurity: {
    spec: {
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
    },
  },
  acknowledge: { metadata: { annotations: { 'cdk8s-sysbox.io/acknowledge.image-tag': 'a test' } } },
  warnings: {}, // warnings.test.ts
};

const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' };
const spreads: [string, SystemOptions, string][] = (
  [
    [[{ ...spread, maxSkew: 0 }], 'maxSkew 0 is not a whole number from 1 on'],
    [[{ ...spread, topologyKey: 'a b' }], "'a b' is not a valid label key"],
    [[{ ...spread, whenUnsatisfiable: 'never' }], "whenUnsatisfiable 'never' is unknown. Write DoNotSchedule or"],
    [[{ ...spread, minDomains: 0 }], 'minDomains 0 must be from 1 on, and goes with DoNotSchedule only'],
    [[{ ...spread, minDomains: 2, whenUnsatisfiable: 'ScheduleAnyway' }], 'minDomains 2 must be from 1 on'],
    [[spread, spread], "'zone' with DoNotSchedule is there twice. Leave one out"],
  ] as const
).map(([topologySpreadConstraints, message]) => [
  `to spread by ${JSON.stringify(topologySpreadConstraints)}`,
  { topologySpreadConstraints: [...topologySpreadConstraints] },
  `test/it: topologySpreadConstraints: ${message}`,
]);

test('no kind is without tests', () => {
  const isWorkload = (it: object) => 'prototype' in it && it.prototype instanceof kplus.AbstractPod;
  const exported = Object.entries(workloads).filter(([, it]) => it && isWorkload(it));

  expect(exported.map(([name]) => name).sort()).toEqual(Object.keys(kinds).sort());
});

describe.each(Object.values(kinds))('$name', (kind) => {
  test('is a system pod without any option', () => {
    expect(podSpecOf(kind)).toMatchObject({
      runtimeClassName: 'sysbox-runc',
      hostUsers: false,
      enableServiceLinks: false,
      automountServiceAccountToken: false,
    });
  });

  test('renders nothing that keeps a system container from starting', () => {
    const spec = podSpecOf(kind);

    expect(spec.securityContext).toBeUndefined();
    expect(spec.containers).toEqual([{ name: 'ubuntu', image: 'ubuntu:24.04', command: ['sleep', 'infinity'] }]);
  });

  test.each(Object.keys(everyOption) as (keyof SystemOptions)[])('has the option %s', (option) => {
    const chart = newChart();

    kind.make(chart, 'it', { ...ubuntu, system: { [option]: everyOption[option] } });

    expect(templateIn(kind, chart)).toMatchObject(rendered[option]);
  });

  test('never changes what was given', () => {
    const spec = podSpecOf(kind, {
      enableServiceLinks: true,
      securityContext: { ensureNonRoot: true, fsGroup: 7, user: 1, group: 2 },
      containers: [
        {
          image: 'a:1',
          imagePullPolicy: kplus.ImagePullPolicy.ALWAYS,
          resources: { cpu: { limit: kplus.Cpu.units(1) }, memory: { request: Size.mebibytes(9) } },
          securityContext: {
            ensureNonRoot: true,
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            user: 3,
            capabilities: { add: [kplus.Capability.NET_BIND_SERVICE] },
          },
        },
      ],
      initContainers: [{ image: 'b:1', securityContext: { readOnlyRootFilesystem: true } }],
    });

    expect(spec.enableServiceLinks).toBe(true);
    expect(spec.securityContext).toEqual({ runAsNonRoot: true, fsGroup: 7, runAsUser: 1, runAsGroup: 2 });
    expect(spec.containers).toMatchObject([
      {
        imagePullPolicy: 'Always',
        resources: { limits: { cpu: '1' }, requests: { memory: '9Mi' } },
        securityContext: {
          runAsNonRoot: true,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          runAsUser: 3,
          capabilities: { add: ['NET_BIND_SERVICE'] },
        },
      },
    ]);
    expect(spec.initContainers[0].securityContext).toEqual({ readOnlyRootFilesystem: true });
  });

  test('with PodSecurityLevel.RESTRICTED, too, what was given stays', () => {
    const spec = podSpecOf(kind, {
      containers: [{ image: 'a:1', securityContext: { user: 3, readOnlyRootFilesystem: true } }],
      system: { podSecurity: PodSecurityLevel.RESTRICTED },
    });

    expect(spec.containers[0].securityContext).toEqual({
      runAsUser: 3,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
  });

  test.each<[string, kplus.ContainerSecurityContextProps, string]>([
    [
      'privilege escalation',
      { allowPrivilegeEscalation: true },
      "container 'main' has allowPrivilegeEscalation, which",
    ],
    ['capabilities', { capabilities: { drop: [] } }, "container 'main' does not drop the capabilities ALL, which Pod"],
    ['more of them', { capabilities: { add: [kplus.Capability.CHOWN] } }, "container 'main' adds capabilities, which"],
  ])('with PodSecurityLevel.RESTRICTED, refuses %s', (_, securityContext, message) => {
    const props = {
      containers: [{ image: 'a:1', securityContext }],
      system: { podSecurity: PodSecurityLevel.RESTRICTED },
    };

    expect(() => podSpecOf(kind, props)).toThrow(`[test/it] ${message}`);
  });

  test('with PodSecurityLevel.RESTRICTED, refuses volumes of other kinds', () => {
    const chart = newChart();
    const system = { podSecurity: PodSecurityLevel.RESTRICTED };
    const workload = kind.make(chart, 'it', { ...ubuntu, system });
    workload.addVolume(SystemVolume.fromDownwardApi(chart, 'a', 'fine', [{ path: 'a', field: 'metadata.name' }]));
    workload.addVolume(kplus.Volume.fromGcePersistentDisk(chart, 'v', 'disk', { name: 'disk' }));

    expect(() => podSpecIn(kind, chart)).toThrow(
      /errors:\n {2}\[test\/it\] volume 'disk' is of another kind than .*BASELINE$/,
    );
  });

  test.each([
    ['before 1.33 by annotation too', '1.32', undefined, { 'io.kubernetes.cri-o.userns-mode': 'auto:size=65536' }],
    ['of the size it has', '1.32', 131072, { 'io.kubernetes.cri-o.userns-mode': 'auto:size=131072' }],
    ['from 1.33 on by hostUsers alone', '1.33', undefined, undefined],
    ['of an unknown version by hostUsers alone', undefined, undefined, undefined],
  ])('asks CRI-O for its user namespace, %s', (_, clusterVersion, idsPerPod, annotations) => {
    const chart = newChart();
    const containerEngine = ContainerEngine.CRIO;
    const options = { containerEngine, clusterVersion, idsPerPod };
    const runtime = RuntimeReference.fromRuntimeClassName('sysbox-runc', options);

    kind.make(chart, 'it', { ...ubuntu, system: { runtime } });

    const template = templateIn(kind, chart);
    expect(template.metadata?.annotations).toEqual(annotations);
    expect(template.spec.hostUsers).toBe(false);
  });

  test('takes Restricted on CRI-O', () => {
    const chart = newChart();
    const runtime = RuntimeReference.fromRuntimeClassName('a', {
      containerEngine: ContainerEngine.CRIO,
      clusterVersion: '1.36',
    });

    kind.make(chart, 'it', { ...ubuntu, system: { runtime, podSecurity: PodSecurityLevel.RESTRICTED } });

    expect(templateIn(kind, chart).spec.hostUsers).toBe(false);
  });

  test("keeps the user's own annotation for CRI-O", () => {
    const chart = newChart();
    const annotations = { 'io.kubernetes.cri-o.userns-mode': 'auto:size=131072' };
    const runtime = RuntimeReference.fromRuntimeClassName('sysbox-runc', {
      containerEngine: ContainerEngine.CRIO,
      clusterVersion: '1.32',
    });

    const props = { ...ubuntu, metadata: { annotations }, podMetadata: { annotations }, system: { runtime } };
    kind.make(chart, 'it', props);

    expect(templateIn(kind, chart).metadata.annotations).toEqual(annotations);
  });

  test('takes more of the same after it was made', () => {
    const chart = newChart();
    const workload = kind.make(chart, 'it', { ...ubuntu, system: { nodeSelector: { a: '1' } } });

    workload.system.requireNodeLabel('b', '2');
    workload.system.addTopologySpreadConstraint({
      maxSkew: 2,
      topologyKey: 'node',
      whenUnsatisfiable: 'DoNotSchedule',
    });
    workload.system.configureContainer('ubuntu', { tty: true });
    workload.system.configureContainer('ubuntu', { stdin: true });

    expect(workload.system.nodeSelector).toEqual({ a: '1', b: '2' });
    expect(workload.system.runtimeClassName).toBe('sysbox-runc');
    expect(podSpecIn(kind, chart)).toMatchObject({
      nodeSelector: { a: '1', b: '2' },
      topologySpreadConstraints: [{ maxSkew: 2, topologyKey: 'node' }],
      containers: [{ tty: true, stdin: true }],
    });
  });

  test('refuses the same later as in its props', () => {
    const { system } = kind.make(newChart(), 'it', ubuntu);

    expect(() => system.requireNodeLabel('a b', 'c')).toThrow("test/it: nodeSelector: 'a b' is not a valid label key");
    expect(() => system.addTopologySpreadConstraint({ ...spread, maxSkew: 0 })).toThrow(
      'maxSkew 0 is not a whole number',
    );
    expect(() => system.configureContainer('ubuntu', { stdinOnce: true })).toThrow('has stdinOnce without stdin');
  });

  test("does not touch the user's own objects", () => {
    const mounts: kplus.VolumeMount[] = [];
    const chart = newChart();

    const workload = kind.make(chart, 'it', { containers: [{ image: 'a:1', volumeMounts: mounts }] });
    workload.containers[0]?.mount('/v', kplus.Volume.fromEmptyDir(chart, 'v', 'v'));

    expect(mounts).toEqual([]);
  });

  test('renders the same when it is rendered twice', () => {
    const chart = newChart();
    kind.make(chart, 'it', { ...ubuntu, system: everyOption, ...{ spread: true } });

    const [first, second] = [Testing.synth(chart), Testing.synth(chart)];

    expect(second).toEqual(first);
  });

  test.each<[string, SystemOptions, string]>([
    [
      'two runtimes',
      { runtime: RuntimeReference.fromRuntimeClassName('a'), runtimeClassName: 'b' },
      "test/it: runtimeClassName is 'b', but the runtime's is 'a'. Give one of the two",
    ],
    [
      'a bad class name',
      { runtimeClassName: 'A_b' },
      "test/it: runtimeClassName 'A_b' is not a valid DNS subdomain name",
    ],
    ['a bad label key', { nodeSelector: { 'a b': 'c' } }, "test/it: nodeSelector: 'a b' is not a valid label key"],
    [
      'a bad label value',
      { nodeSelector: { a: 'b c' } },
      "test/it: nodeSelector: 'b c' (of 'a') is not a valid label value",
    ],
    [
      'a number for a label, from JavaScript',
      { nodeSelector: { a: 1 as unknown as string } },
      "test/it: nodeSelector: '1' (of 'a') is not a valid label value. Use a string",
    ],
    [
      'a name for a runtime, from JavaScript',
      { runtime: 'sysbox-runc' as unknown as RuntimeReference },
      "test/it: runtimeClassName 'undefined' is not a valid DNS subdomain name",
    ],
    [
      'a bad priority class',
      { priorityClassName: 'High' },
      "test/it: priorityClassName 'High' is not a valid DNS subdomain",
    ],
    ...spreads,
    [
      'an overhead other than that of the runtime',
      {
        runtime: RuntimeReference.fromRuntimeClassName('a', { podOverhead: { cpu: kplus.Cpu.units(1) } }),
        overhead: { cpu: kplus.Cpu.units(2) },
      },
      `test/it: overhead {"cpu":"2"} is not that of RuntimeClass 'a', {"cpu":"1"}`,
    ],
    [
      'a local seccomp profile without a file',
      { seccompProfile: { type: kplus.SeccompProfileType.LOCALHOST } },
      "test/it: seccompProfile of type 'Localhost' needs a localhostProfile",
    ],
    [
      'a seccomp file without a local profile',
      { seccompProfile: { type: kplus.SeccompProfileType.RUNTIME_DEFAULT, localhostProfile: 'x' } },
      "test/it: seccompProfile of type 'RuntimeDefault' cannot have a localhostProfile",
    ],
    [
      'stdinOnce without stdin',
      { containers: { ubuntu: { stdinOnce: true } } },
      "test/it: container 'ubuntu' has stdinOnce without stdin. Set stdin to true as well",
    ],
    [
      'Restricted on a cluster that is too old for it',
      {
        runtime: RuntimeReference.fromRuntimeClassName('a', { clusterVersion: '1.34' }),
        podSecurity: PodSecurityLevel.RESTRICTED,
      },
      "test/it: podSecurity 'restricted': a uid-0 pod in a namespace that enforces Pod Security Restricted works from " +
        'Kubernetes 1.35 on, and the cluster is 1.34',
    ],
    [
      'Restricted with CRI-O where the API server drops hostUsers',
      {
        runtime: RuntimeReference.fromRuntimeClassName('a', {
          containerEngine: ContainerEngine.CRIO,
          clusterVersion: '1.32',
          featureGates: ['UserNamespacesPodSecurityStandards'],
        }),
        podSecurity: PodSecurityLevel.RESTRICTED,
      },
      "test/it: podSecurity 'restricted': hostUsers: false works from Kubernetes 1.33 on, and the cluster is 1.32",
    ],
  ])('refuses %s', (_, system, message) => {
    expect(() => kind.make(newChart(), 'it', { ...ubuntu, system })).toThrow(message);
  });

  test('refuses options of a container that the pod does not have', () => {
    const chart = newChart();

    kind.make(chart, 'it', { ...ubuntu, system: { containers: { ubunut: { tty: true } } } });

    expect(() => Testing.synth(chart)).toThrow(
      "[test/it] system.containers names 'ubunut', but the pod's containers are: ubuntu",
    );
  });

  test('refuses containers that the API server would refuse for their names', () => {
    const chart = newChart();
    const containers = [{ image: 'a:1' }, { image: 'b:1' }, { image: 'c:1', name: 'Web_1' }];

    kind.make(chart, 'it', { containers, initContainers: [{ image: 'd:1', name: 'main' }] });

    expect(() => Testing.synth(chart)).toThrow(
      "[test/it] several containers are named 'main'. Give each container a 'name' of its own\n" +
        "  [test/it] container 'Web_1' is not a valid DNS label. Use at most 63 lower-case letters, digits and '-'",
    );
  });

  test('refuses two volumes at one place of a container', () => {
    const chart = newChart();
    const volumes = ['a', 'b'].map((id) => ({ path: '/data', volume: kplus.Volume.fromEmptyDir(chart, id, id) }));

    kind.make(chart, 'it', { containers: [{ name: 'c', image: 'c:1', volumeMounts: volumes }] });

    expect(() => Testing.synth(chart)).toThrow(
      "[test/it] container 'c' mounts several volumes at /data. Leave all but one of them out",
    );
  });
});
