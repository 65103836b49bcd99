import { App, Chart, Size } from 'cdk8s';
import { ApiServerExposure, K3kCluster, K3sComponent, SystemStorage } from 'cdk8s-sysbox';

// A virtual cluster of K3k whose nodes are unprivileged pods under Sysbox. K3k's controller runs in the cluster already.
// `kubectl -n team-a get secret k3k-team-a-kubeconfig -o jsonpath='{.data.kubeconfig\.yaml}'` prints its kubeconfig.
const app = new App();
const chart = new Chart(app, 'k3k', { namespace: 'team-a', disableResourceNameHashes: true });

new K3kCluster(chart, 'team-a', {
  clusterName: 'team-a',
  version: 'v1.36.2+k3s1',
  agents: 2,
  server: {
    disable: [K3sComponent.TRAEFIK],
    tlsSans: ['team-a.example.org'],
    resources: { memory: { limit: Size.gibibytes(2) } },
    storage: SystemStorage.claim({ storage: Size.gibibytes(20) }),
  },
  agent: { resources: { memory: { limit: Size.gibibytes(4) } } },
  expose: ApiServerExposure.loadBalancer(),
});

app.synth();
