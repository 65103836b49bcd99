import { Cron, Duration, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { SystemCronJob, SystemDaemonSet, SystemDeployment, SystemJob, SystemStatefulSet } from '../../src/workloads';
import { newChart } from './kinds';

const containers = [
  {
    image: 'a:1',
    ports: [{ number: 80 }],
    resources: { cpu: { request: kplus.Cpu.units(1), limit: kplus.Cpu.units(1) } },
  },
];

test('a Deployment is exposed and scaled', () => {
  const chart = newChart();
  const deployment = new SystemDeployment(chart, 'it', { containers, minReady: Duration.seconds(3) });

  deployment.exposeViaIngress('/');
  deployment.scheduling.spread({ topology: kplus.Topology.ZONE });
  new kplus.HorizontalPodAutoscaler(chart, 'hpa', {
    target: deployment,
    maxReplicas: 3,
    metrics: [kplus.Metric.resourceCpu(kplus.MetricTarget.averageUtilization(50))],
  });

  const objects = Testing.synth(chart);
  expect(objects.map((o) => o.kind).sort()).toEqual(['Deployment', 'HorizontalPodAutoscaler', 'Ingress', 'Service']);
  const { spec } = objects.find((o) => o.kind === 'Deployment');
  expect(spec).toMatchObject({ minReadySeconds: 3, template: { spec: { affinity: { podAntiAffinity: {} } } } });
  expect(spec).not.toHaveProperty('replicas');
});

test('a StatefulSet makes its own headless Service', () => {
  const chart = newChart();
  const podManagementPolicy = kplus.PodManagementPolicy.PARALLEL;
  new SystemStatefulSet(chart, 'it', { containers, podManagementPolicy, replicas: 3 });

  const objects = Testing.synth(chart);

  expect(objects[0]).toMatchObject({ kind: 'Service', spec: { clusterIP: 'None' } });
  expect(objects[1].spec).toMatchObject({ replicas: 3, podManagementPolicy: 'Parallel' });
});

test('a DaemonSet, a Job and a CronJob keep their props', () => {
  const chart = newChart();
  new SystemDaemonSet(chart, 'a', { containers, minReadySeconds: 4 });
  new SystemJob(chart, 'b', { containers, backoffLimit: 5, ttlAfterFinished: Duration.seconds(6) });
  new SystemCronJob(chart, 'c', { containers, schedule: Cron.hourly(), suspend: true });

  expect(Testing.synth(chart).map((o) => o.spec)).toMatchObject([
    { minReadySeconds: 4, template: { spec: { restartPolicy: 'Always' } } },
    { backoffLimit: 5, ttlSecondsAfterFinished: 6, template: { spec: { restartPolicy: 'Never' } } },
    { suspend: true, schedule: '0 * * * *', jobTemplate: { spec: { template: { spec: { hostUsers: false } } } } },
  ]);
});
