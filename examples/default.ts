import { App, Chart } from 'cdk8s';
import { SysboxRuntime, SystemDeployment } from 'cdk8s-sysbox';
import { Namespace } from 'cdk8s-plus-30';

// The default platform: the runtime on every node with sysbox-install=yes, and apart from it a first workload under it.
const app = new App();

const platform = new Chart(app, 'sysbox', { disableResourceNameHashes: true });
const runtime = new SysboxRuntime(platform, 'sysbox');

const demo = new Chart(app, 'ubuntu', { disableResourceNameHashes: true });
const namespace = new Namespace(demo, 'namespace', { metadata: { name: 'sysbox-demo' } });
new SystemDeployment(demo, 'ubuntu', {
  metadata: { name: 'ubuntu', namespace: namespace.name },
  system: { runtime },
  replicas: 1,
  containers: [{ name: 'ubuntu', image: 'docker.io/library/ubuntu:24.04', command: ['sleep', 'infinity'] }],
});

app.synth();
console.error(`A change that fails on every node is stopped after ${runtime.installer.worstLoss}.`);
