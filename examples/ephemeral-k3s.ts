import { App, Chart, Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-30';
import { EphemeralK3s, K3sComponent, SystemJob } from 'cdk8s-sysbox';

// A whole Kubernetes for one test run: the suite starts when the cluster takes pods, finds it by KUBECONFIG, and nothing is left of it.
const app = new App();
const chart = new Chart(app, 'ephemeral-k3s', { namespace: 'ci', disableResourceNameHashes: true });

const job = new SystemJob(chart, 'suite', {
  containers: [
    {
      name: 'test',
      image: 'registry.example.org/operator/e2e:1.2.0',
      command: ['go', 'test', './test/e2e/...'],
      resources: {
        cpu: { request: Cpu.millis(500) },
        memory: { request: Size.gibibytes(1), limit: Size.gibibytes(2) },
      },
    },
  ],
  backoffLimit: 0,
  ttlAfterFinished: Duration.hours(1),
});
EphemeralK3s.on(job, {
  version: 'v1.36.2+k3s1',
  disable: [K3sComponent.TRAEFIK, K3sComponent.SERVICE_LB, K3sComponent.METRICS_SERVER, K3sComponent.LOCAL_STORAGE],
  resources: { cpu: { request: Cpu.units(1) }, memory: { request: Size.gibibytes(1), limit: Size.gibibytes(3) } },
  timeToLive: Duration.minutes(30),
});

app.synth();
