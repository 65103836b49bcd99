import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ApiObject, Chart, Include, Size, Testing, Yaml } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { ContainerEngine, RuntimeReference } from '../../src/runtime';
import {
  adopt,
  adoptAll,
  AdoptAllOptions,
  AdoptOptions,
  PodSecurityLevel,
  SystemPod,
  SystemWorkloads,
  WarningMode,
} from '../../src/workloads';
import { neverAdopt } from '../../src/runtime/never-adopted';
import { podSpec, workload } from '../rules/table';
import { newChart, ubuntu } from './kinds';

const plain = { containers: [{ name: 'main', image: 'a:1' }] };

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function synth(chart: Chart): any {
  return Testing.synth(chart);
}

test('a cdk8s-plus app with an included file becomes Sysbox with one line', () => {
  // GIVEN
  const chart = newChart();
  new kplus.Deployment(chart, 'web', { replicas: 1, containers: [{ image: 'web:1', portNumber: 80 }] });
  new kplus.Job(chart, 'once', { containers: [{ image: 'once:1' }] });
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'adopt-')), 'cron.yaml');
  Yaml.save(file, [workload('CronJob', plain), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }]);
  new Include(chart, 'file', { url: file });
  const before = synth(chart);

  // WHEN
  const adopted = adoptAll(chart);

  // THEN
  const after = synth(chart);
  expect(adopted.map(({ apiObject }) => apiObject.kind)).toEqual(['Deployment', 'Job', 'CronJob']);
  for (const spec of [after[0].spec, after[1].spec, after[2].spec.jobTemplate.spec].map((s) => s.template.spec)) {
    expect(spec).toMatchObject({ runtimeClassName: 'sysbox-runc', hostUsers: false, enableServiceLinks: false });
  }
  // nothing else is touched
  for (const spec of [after[0].spec, after[1].spec, after[2].spec.jobTemplate.spec].map((s) => s.template.spec)) {
    delete spec.runtimeClassName;
    delete spec.hostUsers;
    delete spec.enableServiceLinks;
  }
  expect(after).toEqual(before);
});

test.each(['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'CronJob'])(
  'adopts a plain %s',
  (kind) => {
    const chart = newChart();

    const { apiObject } = adopt(new ApiObject(chart, 'it', workload(kind, plain)));

    expect(apiObject.kind).toBe(kind);
    expect(JSON.stringify(synth(chart))).toContain('"hostUsers":false');
  },
);

test('adopts an L1 object', () => {
  const chart = newChart();

  adopt(new kplus.k8s.KubePod(chart, 'it', { spec: plain }));

  expect(synth(chart)[0].spec).toMatchObject({ runtimeClassName: 'sysbox-runc', hostUsers: false });
});

test('adopts a custom resource with a pod template, and a List', () => {
  const chart = newChart();
  const template = { spec: plain };

  adopt(
    new ApiObject(chart, 'a', {
      apiVersion: 'actions.github.com/v1alpha1',
      kind: 'AutoscalingRunnerSet',
      spec: { template },
    }),
  );
  adopt(
    new ApiObject(chart, 'b', {
      apiVersion: 'v1',
      kind: 'List',
      items: [workload('Pod', plain), workload('Job', plain)],
    }),
  );

  const [set, list] = synth(chart);
  for (const spec of [set.spec.template.spec, list.items[0].spec, list.items[1].spec.template.spec]) {
    expect(spec).toMatchObject({ runtimeClassName: 'sysbox-runc', hostUsers: false });
  }
});

/** One value for every option, and what it renders: a new option does not compile without a row here. */
const everyOption: Required<AdoptOptions> = {
  runtime: RuntimeReference.fromRuntimeClassName('vm'),
  runtimeClassName: 'vm',
  imagePullSecrets: [kplus.Secret.fromSecretName(newChart(), 's', 'pull')],
  priorityClassName: 'high',
  nodeSelector: { disk: 'ssd' },
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
  overhead: { memory: Size.mebibytes(64) },
  seccompProfile: { type: kplus.SeccompProfileType.RUNTIME_DEFAULT },
  containers: { main: { tty: true } },
  podSecurity: PodSecurityLevel.RESTRICTED,
  acknowledge: [{ rule: 'host-path', reason: 'why' }],
  warnings: WarningMode.OFF,
  removeCdk8sPlusDefaults: true,
};
const rendered: Record<keyof AdoptOptions, object> = {
  runtime: { spec: { runtimeClassName: 'vm' } },
  runtimeClassName: { spec: { runtimeClassName: 'vm' } },
  imagePullSecrets: { spec: { imagePullSecrets: [{ name: 'pull' }] } },
  priorityClassName: { spec: { priorityClassName: 'high' } },
  nodeSelector: { spec: { nodeSelector: { disk: 'ssd' } } },
  topologySpreadConstraints: {
    spec: { topologySpreadConstraints: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'it' } } }] },
  },
  overhead: { spec: { overhead: { memory: '64Mi' } } },
  seccompProfile: { spec: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } } },
  containers: { spec: { containers: [{ name: 'main', tty: true }] } },
  podSecurity: { spec: { containers: [{ securityContext: { capabilities: { drop: ['ALL'] } } }] } },
  acknowledge: { metadata: { annotations: { 'cdk8s-sysbox.io/acknowledge.host-path': 'why' } } },
  warnings: {}, // test/workloads/warnings.test.ts
  removeCdk8sPlusDefaults: { spec: { containers: [{ name: 'main', image: 'a:1' }] } },
};

test.each(Object.keys(everyOption) as (keyof AdoptOptions)[])('has the option %s', (option) => {
  const chart = newChart();

  adopt(new ApiObject(chart, 'it', workload('Deployment', plain)), { [option]: everyOption[option] });

  expect(synth(chart)[0].spec.template).toMatchObject(rendered[option]);
});

test('asks CRI-O before 1.33 by annotation too', () => {
  const chart = newChart();
  const runtime = RuntimeReference.fromRuntimeClassName('sysbox-runc', {
    containerEngine: ContainerEngine.CRIO,
    clusterVersion: '1.32',
  });

  adopt(new ApiObject(chart, 'it', workload('Deployment', plain)), { runtime });

  const { template } = synth(chart)[0].spec;
  expect(template.metadata.annotations).toEqual({ 'io.kubernetes.cri-o.userns-mode': 'auto:size=65536' });
  expect(template.spec.hostUsers).toBe(false);
});

test('accepts the ids of a kubelet that gives each pod more', () => {
  const manifest = workload('Deployment', { ...podSpec(), securityContext: { runAsUser: 70000 } });
  const runtime = RuntimeReference.fromRuntimeClassName('sysbox-runc', { idsPerPod: 131072 });

  const [few, many] = [newChart(), newChart()];
  adopt(new ApiObject(few, 'it', manifest));
  adopt(new ApiObject(many, 'it', manifest), { runtime });

  expect(() => synth(few)).toThrow('runAsUser is 70000');
  expect(synth(many)[0].spec.template.spec.securityContext.runAsUser).toBe(70000);
});

test('what the manifest says already stays', () => {
  const chart = newChart();
  const spec = {
    ...podSpec(),
    enableServiceLinks: true,
    priorityClassName: 'low',
    nodeSelector: { a: '1', disk: 'hdd' },
  };

  adopt(new ApiObject(chart, 'it', workload('Pod', spec)), {
    priorityClassName: 'high',
    nodeSelector: { disk: 'ssd' },
  });

  expect(synth(chart)[0].spec).toEqual(spec);
});

test('removeCdk8sPlusDefaults takes away what cdk8s-plus renders by itself, and only that', () => {
  const chart = newChart();
  const own = { image: 'b:1', resources: { cpu: { request: kplus.Cpu.millis(1) } }, securityContext: { user: 5 } };
  adopt(new kplus.Deployment(chart, 'it', { containers: [{ image: 'a:1' }], initContainers: [own] }), {
    removeCdk8sPlusDefaults: true,
  });

  const { spec } = synth(chart)[0].spec.template;

  expect(spec.securityContext).toEqual({ fsGroupChangePolicy: 'Always' });
  expect(spec.containers[0]).toEqual({
    name: 'main',
    image: 'a:1',
    imagePullPolicy: 'Always',
    securityContext: { privileged: false },
  });
  expect(spec.initContainers[0]).toMatchObject({
    resources: { requests: { cpu: '1m' } },
    securityContext: { runAsUser: 5, privileged: false },
  });
});

test('renders the same when it is rendered twice, also with spread', () => {
  const chart = newChart();
  adopt(new kplus.Deployment(chart, 'it', { containers: [{ image: 'a:1' }], spread: true }));

  const [first, second] = [synth(chart), synth(chart)];

  expect(second).toEqual(first);
  expect(
    first[0].spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution,
  ).toHaveLength(2);
});

test('prints keys in order', () => {
  const chart = newChart();
  adopt(new ApiObject(chart, 'it', workload('Pod', plain)));

  const keys = Object.keys(synth(chart)[0].spec);

  expect(keys).toEqual([...keys].sort());
});

describe('refuses', () => {
  const make = (spec: object, options: AdoptOptions = {}) => {
    const chart = newChart();
    adopt(new ApiObject(chart, 'it', workload('Pod', { ...plain, ...spec })), options);
    return () => synth(chart);
  };

  test('another runtime', () => {
    expect(make({ runtimeClassName: 'kata' })).toThrow(
      "[test/it] the pods run under RuntimeClass 'kata' already. Take it out, or leave them there",
    );
  });

  test('what breaks a rule', () => {
    expect(make({ hostNetwork: true, hostUsers: true })).toThrow(
      /\[test\/it\] 'hostUsers' is true: [^]*\[test\/it\] 'hostNetwork' is true: /,
    );
  });

  test('what Restricted refuses, where that is asked for', () => {
    const containers = [{ name: 'a', image: 'a:1', securityContext: { allowPrivilegeEscalation: true } }];

    expect(make({ containers }, { podSecurity: PodSecurityLevel.RESTRICTED })).toThrow(
      "[test/it] container 'a' has allowPrivilegeEscalation, which Pod Security Restricted refuses",
    );
  });

  test('what cdk8s itself refuses, with the path', () => {
    const chart = newChart();
    adopt(new kplus.Deployment(chart, 'it'));

    expect(() => synth(chart)).toThrow(/\[test\/it\] Failed serializing .*PodSpec must have at least 1 container/);
  });

  test('what has no pods', () => {
    const chart = newChart();
    adopt(new ApiObject(chart, 'it', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }));

    expect(() => synth(chart)).toThrow("[test/it] ConfigMap 'c' has no pods: it is not a Pod and has no template");
  });

  test('bad options', () => {
    const acknowledge = [{ rule: 'nope', reason: 'why' }];

    expect(() => make({}, { priorityClassName: 'X' })).toThrow(
      "test/it: priorityClassName 'X' is not a valid DNS subdomain name",
    );
    expect(() => make({}, { acknowledge })).toThrow("test/it: there is no rule 'nope' to acknowledge");
  });

  test('options of a container that the pod does not have', () => {
    expect(make({}, { containers: { mian: { tty: true } } })).toThrow(
      "[test/it] containers names 'mian', but the pod's containers are: main",
    );
  });

  test('to spread pods that nothing tells apart from others', () => {
    const topologySpreadConstraints = [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }];
    const chart = newChart();
    adopt(new ApiObject(chart, 'it', { apiVersion: 'v1', kind: 'Pod', spec: plain }), { topologySpreadConstraints });

    expect(() => synth(chart)).toThrow('[test/it] topologySpreadConstraints: the pods have no labels to be counted by');
  });

  test('what is a system workload, or adopted, already', () => {
    const chart = newChart();
    const object = new ApiObject(chart, 'it', workload('Pod', plain));
    adopt(object);

    expect(() => adopt(object)).toThrow('test/it is adopted already. Adopt it once, with all options');
    expect(() => adopt(new SystemPod(chart, 'own', ubuntu))).toThrow(
      "test/own is a system workload already. Give what you want to its 'system' prop",
    );
  });
});

test('a mistake that is made after a good synth is found when it is rendered', () => {
  const chart = newChart();
  const deployment = new kplus.Deployment(chart, 'it', { containers: [{ image: 'a:1' }] });
  adopt(deployment);
  synth(chart);

  deployment.addVolume(kplus.Volume.fromHostPath(chart, 'v', 'v', { path: '/' }));

  expect(() => synth(chart)).toThrow("test/it: volume 'v' is a hostPath");
});

describe('adoptAll', () => {
  test('leaves alone what is a system workload, adopted, excluded, or never to be adopted', () => {
    const chart = newChart();
    const objectIn = (id: string) => new ApiObject(new Chart(chart, id), 'it', workload('Pod', plain));
    new SystemPod(chart, 'own', ubuntu);
    adopt(objectIn('adopted'));
    const excluded = objectIn('excluded');
    neverAdopt(objectIn('installer').node.scope!);
    const rest = objectIn('rest');
    const options: Required<Pick<AdoptAllOptions, 'exclude'>> = { exclude: [excluded.node.scope!] };

    expect(SystemWorkloads.adoptAll(chart, options).map(({ apiObject }) => apiObject)).toEqual([rest]);
  });

  test('passes its options on', () => {
    const chart = newChart();
    new ApiObject(chart, 'it', workload('Pod', plain));

    adoptAll(chart, { priorityClassName: 'high' });

    expect(synth(chart)[0].spec.priorityClassName).toBe('high');
  });

  test('leaves alone what has the name of a workload and no pods: a List of others, a kind of another group', () => {
    const chart = newChart();
    const items = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }];
    new ApiObject(chart, 'list', { apiVersion: 'v1', kind: 'List', items });
    new ApiObject(chart, 'volcano', { apiVersion: 'batch.volcano.sh/v1alpha1', kind: 'Job', spec: { tasks: [] } });
    const list = new ApiObject(chart, 'pods', { apiVersion: 'v1', kind: 'List', items: [workload('Pod', plain)] });

    expect(adoptAll(chart).map(({ apiObject }) => apiObject)).toEqual([list]);
    expect(() => synth(chart)).not.toThrow();
  });

  test('options of a container hold where there is one of that name', () => {
    const chart = newChart();
    new ApiObject(chart, 'a', workload('Pod', { containers: [{ name: 'shell', image: 'a:1' }] }));
    new ApiObject(chart, 'b', workload('Pod', plain));

    adoptAll(chart, { containers: { shell: { tty: true } } });

    expect(synth(chart).map((pod: { spec: { containers: object[] } }) => pod.spec.containers[0])).toMatchObject([
      { name: 'shell', tty: true },
      { name: 'main', image: 'a:1' },
    ]);
  });
});
