import { App, Chart, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-30';
import { K3sCluster, K3sComponent, SystemStorage } from 'cdk8s-sysbox';

// A nested Kubernetes cluster: one K3s server and two agents, each an unprivileged pod with a claim of its own.
// `kubectl -n dev get secret dev-kubeconfig -o jsonpath='{.data.kubeconfig\.yaml}'` prints its kubeconfig.
const app = new App();
const chart = new Chart(app, 'k3s-in-k3s', { namespace: 'dev', disableResourceNameHashes: true });

new K3sCluster(chart, 'dev', {
  clusterName: 'dev',
  version: 'v1.36.2+k3s1',
  agents: 2,
  server: {
    disable: [K3sComponent.TRAEFIK],
    storage: SystemStorage.claim({ storage: Size.gibibytes(10) }),
    resources: {
      cpu: { request: Cpu.millis(500), limit: Cpu.units(2) },
      memory: { request: Size.gibibytes(1), limit: Size.gibibytes(2) },
    },
  },
  agent: {
    storage: SystemStorage.claim({ storage: Size.gibibytes(20) }),
    resources: {
      cpu: { request: Cpu.millis(250), limit: Cpu.units(2) },
      memory: { request: Size.mebibytes(512), limit: Size.gibibytes(2) },
    },
  },
});

app.synth();
