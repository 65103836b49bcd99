import { Chart, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { stringify } from 'yaml';
import { DockerEngine } from '../../src/docker';
import { EphemeralK3s } from '../../src/k3s';
import {
  adopt,
  ExportedPodTemplate,
  ISystemWorkload,
  SystemCronJob,
  SystemDaemonSet,
  SystemDeployment,
  SystemJob,
  SystemPod,
  SystemPodTemplate,
  SystemStatefulSet,
  SystemStorage,
} from '../../src/workloads';
import { Cron } from 'cdk8s';
import { testChart } from '../support/synth';

const containers = [{ name: 'agent', image: 'registry.example.org/agent:1' }];

const kinds: [string, (chart: Chart) => ISystemWorkload][] = [
  ['Pod', (chart) => new SystemPod(chart, 'it', { containers })],
  ['pod template', (chart) => new SystemPodTemplate(chart, 'it', { containers })],
  ['Deployment', (chart) => new SystemDeployment(chart, 'it', { containers })],
  ['DaemonSet', (chart) => new SystemDaemonSet(chart, 'it', { containers })],
  ['Job', (chart) => new SystemJob(chart, 'it', { containers })],
  ['CronJob', (chart) => new SystemCronJob(chart, 'it', { containers, schedule: Cron.daily() })],
  [
    'StatefulSet',
    (chart) => {
      const service = new kplus.Service(chart, 'service', { ports: [{ port: 80 }] });
      return new SystemStatefulSet(chart, 'it', { containers, service });
    },
  ],
  [
    'adopted Deployment',
    (chart) => adopt(new kplus.Deployment(chart, 'it', { containers }), { removeCdk8sPlusDefaults: true }),
  ],
  [
    'adopted L1 Job',
    (chart) => {
      const template = { spec: { containers, restartPolicy: 'Never' } };
      return adopt(new kplus.k8s.KubeJob(chart, 'it', { spec: { template } }));
    },
  ],
];

test.each(kinds)('of a %s is its pods, without the address by which its controller finds them', (_kind, make) => {
  const workload = make(testChart({ namespace: 'ci' }));
  DockerEngine.on(workload);
  workload.podMetadata.addLabel('team', 'ci');

  const exported = ExportedPodTemplate.of(workload);

  expect(exported.namespace).toBe('ci');
  expect(exported.toTemplate()).toMatchObject({ metadata: { labels: { team: 'ci' } } });
  expect(JSON.stringify(exported.toTemplate())).not.toContain('cdk8s.io/metadata.addr');
  expect(exported.toPodSpec()).toMatchObject({
    runtimeClassName: 'sysbox-runc',
    hostUsers: false,
    containers: [{ ...containers[0], env: [{ name: 'DOCKER_HOST', value: 'unix:///docker-socket/docker.sock' }] }],
    initContainers: [{ name: 'docker', restartPolicy: 'Always' }],
  });
  expect(exported.toYaml()).toBe(stringify(exported.toTemplate(), { version: '1.1', lineWidth: 0 }));
});

test('takes an ephemeral cluster', () => {
  const template = new SystemPodTemplate(testChart(), 'it', { containers });
  EphemeralK3s.on(template, { version: 'v1.36.2+k3s1' });

  expect(ExportedPodTemplate.of(template).toPodSpec().initContainers).toMatchObject([{ name: 'k3s' }]);
});

test('what it returns is a copy', () => {
  const exported = ExportedPodTemplate.of(new SystemJob(testChart(), 'it', { containers }));

  exported.toPodSpec().containers.length = 0;

  expect(exported.toPodSpec().containers).toHaveLength(1);
});

describe('refuses', () => {
  test('what breaks a rule', () => {
    const job = new SystemJob(testChart(), 'it', { containers, hostNetwork: true });

    expect(() => ExportedPodTemplate.of(job)).toThrow(/^test\/it: 'hostNetwork' is true: /);
  });

  test('a claim that all pods would share', () => {
    const job = new SystemJob(testChart(), 'it', { containers });
    DockerEngine.on(job, { storage: SystemStorage.claim({ storage: Size.gibibytes(1) }) });

    expect(() => ExportedPodTemplate.of(job)).toThrow(
      'test/it: all pods would share one claim. Use SystemStorage.ephemeralClaim()',
    );
  });

  test('a claim template, which is not part of the pods', () => {
    const chart = testChart();
    const service = new kplus.Service(chart, 'service', { ports: [{ port: 80 }] });
    const set = new SystemStatefulSet(chart, 'it', {
      containers,
      service,
      volumeClaimTemplates: [{ name: 'data', storage: Size.gibibytes(1), mountPath: '/data' }],
    });

    expect(() => ExportedPodTemplate.of(set)).toThrow(
      "test/it: the volume 'data' is a claim template of the workload and is not part of its pods. Use SystemStorage.ephemeralClaim()",
    );
  });

  test('an object without pods', () => {
    const workload = adopt(new kplus.Deployment(testChart(), 'it', { containers }));
    const none = Object.assign(Object.create(workload), { node: workload.node });
    workload.apiObject.toJson = () => ({ kind: 'Deployment', metadata: {} });

    expect(() => ExportedPodTemplate.of(none)).toThrow(
      'test/it/System: Deployment has 0 pod templates. Export a workload with one',
    );
  });
});
