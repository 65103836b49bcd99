import { App, Chart, Size } from 'cdk8s';
import { Secret, Service, Volume, ConfigMap, Deployment } from 'cdk8s-plus-30';
import { DockerMtu, DockerPod, DockerServer, SystemStatefulSet, SystemStorage } from 'cdk8s-sysbox';

// A Docker engine in its three modes.
const app = new App();

// 1. In the container itself: here the engine is all there is, and `kubectl exec` is the way to it.
const alone = new Chart(app, 'docker-in-container', { disableResourceNameHashes: true });
new DockerPod(alone, 'engine');

// 2. As a sidecar of other containers: tests that start containers, which see the same files at the same place.
const sidecar = new Chart(app, 'docker-sidecar', { disableResourceNameHashes: true });
const suite = new ConfigMap(sidecar, 'suite', {
  data: { 'test.sh': 'docker run --rm -v /work:/work alpine:3.22 ls /work' },
});
const tests = new DockerPod(sidecar, 'tests', {
  containers: [{ name: 'tests', image: 'docker.io/library/docker:29-cli', command: ['sh', '/suite/test.sh'] }],
  docker: { sharedDirectories: ['/work'], socketGroup: 1000, daemon: { mtu: DockerMtu.of(1400) } },
});
tests.containers[0]?.mount('/suite', Volume.fromConfigMap(sidecar, 'suite-files', suite));

// 3. On its own, for other pods: images on a claim, certificates as cert-manager writes them.
const server = new Chart(app, 'docker-server', { namespace: 'ci', disableResourceNameHashes: true });
const set = new SystemStatefulSet(server, 'docker', {
  service: new Service(server, 'pods', { ports: [{ port: 2376 }], clusterIP: 'None' }),
  replicas: 1,
});
const docker = DockerServer.on(set, {
  certificate: Secret.fromSecretName(server, 'server-certificate', 'docker-server-tls'),
  serviceMetadata: { name: 'docker' },
  storage: SystemStorage.claim({ storage: Size.gibibytes(100) }),
  daemon: { addressPools: [{ base: '172.30.0.0/16', size: 24 }], logDriver: 'local' },
});
const clients = new Deployment(server, 'clients', {
  containers: [{ name: 'builder', image: 'docker.io/library/docker:29-cli', command: ['sleep', 'infinity'] }],
});
for (const container of clients.containers) {
  docker.connect(container, { certificate: Secret.fromSecretName(server, 'client-certificate', 'docker-client-tls') });
}

app.synth();
