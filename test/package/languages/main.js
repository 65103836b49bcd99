// The app of languages.test.ts, as main.py, Main.java and main.go have it.
const { App, Chart, Duration, Size } = require('cdk8s');
const { DockerPod, SysboxRuntime, SystemDeployment, SystemStorage, SystemdPod } = require('cdk8s-sysbox');

const app = new App();
const chart = new Chart(app, 'app', { namespace: 'demo' });
const runtime = new SysboxRuntime(chart, 'Sysbox', {
  installation: { rollout: { failureBudget: 2, deadline: Duration.minutes(5) } },
});
new SystemDeployment(chart, 'Ubuntu', {
  system: { runtime, nodeSelector: { disk: 'ssd' } },
  replicas: 2,
  containers: [{ image: 'ubuntu:24.04', command: ['sleep', 'infinity'] }],
});
new DockerPod(chart, 'Docker', {
  system: { runtime },
  docker: {
    storage: SystemStorage.emptyDir(Size.gibibytes(5)),
    daemon: { registryMirrors: ['https://mirror.example.org'] },
  },
});
new SystemdPod(chart, 'Machine', {
  system: { runtime },
  systemd: { container: { image: 'registry.example.org/debian-systemd:12' } },
});
app.synth();
