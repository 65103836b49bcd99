import { App, Chart, Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-30';
import {
  AgentSandbox,
  AgentSandboxClaim,
  AgentSandboxTemplate,
  AgentSandboxWarmPool,
  DockerEngine,
  DockerEngineMode,
  SystemStorage,
} from 'cdk8s-sysbox';

// Machines for agents with a Docker engine inside, unprivileged: agent-sandbox's controller runs in the cluster already.
const app = new App();
const chart = new Chart(app, 'agent-sandboxes', { namespace: 'agents', disableResourceNameHashes: true });
const image = 'registry.example.org/agents/coder:1.4.0';
const resources = {
  cpu: { request: Cpu.millis(250), limit: Cpu.units(2) },
  memory: { request: Size.mebibytes(512), limit: Size.gibibytes(4) },
};

// 1. One sandbox of its own: what the agent wrote and the images it pulled survive `kubectl patch sandbox … operatingMode: Suspended`.
const own = new AgentSandbox(chart, 'own', {
  containers: [{ name: 'agent', image, resources }],
  volumeClaimTemplates: [{ name: 'work', storage: Size.gibibytes(5), mountPath: '/work' }],
});
DockerEngine.on(own, {
  mode: DockerEngineMode.SIDECAR,
  storage: SystemStorage.claim({ storage: Size.gibibytes(20) }),
});

// 2. A pool of sandboxes that wait, started, for a task; each task claims one, and it goes with the claim.
const template = new AgentSandboxTemplate(chart, 'coder', {
  containers: [{ name: 'agent', image, resources }],
  network: { allowedEgressCidrs: ['10.20.30.40/32'] },
});
DockerEngine.on(template, { mode: DockerEngineMode.SIDECAR });
const pool = new AgentSandboxWarmPool(chart, 'pool', { template, replicas: 2 });
new AgentSandboxClaim(chart, 'task', { pool, ttlAfterFinished: Duration.hours(1) });

app.synth();
