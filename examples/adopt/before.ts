import { App, Chart, Include } from 'cdk8s';
import { ConfigMap, Deployment, Job, Volume } from 'cdk8s-plus-30';

// Build agents, a job, and a file that somebody else wrote.
const app = new App();
const chart = new Chart(app, 'builds', { namespace: 'builds', disableResourceNameHashes: true });

const settings = new ConfigMap(chart, 'settings', { data: { 'agent.conf': 'slots = 4\n' } });
const agents = new Deployment(chart, 'agents', {
  replicas: 3,
  containers: [{ image: 'registry.example.com/build-agent:2.7', portNumber: 8080 }],
});
agents.containers[0]?.mount('/etc/agent', Volume.fromConfigMap(chart, 'settings-files', settings));
agents.exposeViaService();

new Job(chart, 'warm-up', {
  containers: [{ image: 'registry.example.com/build-agent:2.7', args: ['warm-up', '--all'] }],
});

new Include(chart, 'report', { url: 'examples/adopt/report.yaml' });

app.synth();
