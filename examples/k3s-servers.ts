import { App, Chart, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-30';
import { K3sCluster, SystemStorage } from 'cdk8s-sysbox';

// A nested Kubernetes cluster that tolerates the loss of a server: three of them share an etcd, on different nodes
// where possible, and two agents join whichever is ready.
const app = new App();
const chart = new Chart(app, 'k3s-servers', { namespace: 'staging', disableResourceNameHashes: true });

new K3sCluster(chart, 'staging', {
  clusterName: 'staging',
  version: 'v1.36.2+k3s1',
  servers: 3,
  agents: 2,
  server: {
    // etcd needs a disk with a low write latency
    storage: SystemStorage.claim({ storage: Size.gibibytes(10), storageClassName: 'ssd' }),
    resources: {
      cpu: { request: Cpu.millis(500), limit: Cpu.units(2) },
      memory: { request: Size.gibibytes(1), limit: Size.gibibytes(3) },
    },
  },
  agent: {
    resources: {
      cpu: { request: Cpu.millis(250), limit: Cpu.units(2) },
      memory: { request: Size.mebibytes(512), limit: Size.gibibytes(2) },
    },
  },
});

app.synth();
