import { App, Chart } from 'cdk8s';
import { SysboxRuntime, SystemPod } from 'cdk8s-sysbox';
import { RestartPolicy } from 'cdk8s-plus-30';

// The default platform: the runtime on every node with sysbox-install=yes, and a first system pod that runs under it.
const app = new App();

const platform = new Chart(app, 'sysbox', { disableResourceNameHashes: true });
const runtime = new SysboxRuntime(platform, 'sysbox');

const workloads = new Chart(app, 'ubuntu', { disableResourceNameHashes: true });
new SystemPod(workloads, 'ubuntu', {
  metadata: { name: 'ubuntu' },
  system: { runtime },
  restartPolicy: RestartPolicy.NEVER,
  containers: [{ name: 'ubuntu', image: 'ubuntu:24.04', command: ['sleep', 'infinity'] }],
});

app.synth();
