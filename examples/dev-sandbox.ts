import { App, Chart, Size } from 'cdk8s';
import { Cpu, Secret } from 'cdk8s-plus-30';
import { DevSandbox, SystemStorage } from 'cdk8s-sysbox';

// A machine for each developer: `ssh alice@alice.sandboxes`, systemd and Docker inside, nothing of the cluster in reach.
const app = new App();
const chart = new Chart(app, 'dev-sandbox', { namespace: 'sandboxes', disableResourceNameHashes: true });

for (const user of ['alice', 'bob']) {
  new DevSandbox(chart, user, {
    image: 'registry.example.com/sandbox:2026.1',
    user,
    authorizedKeys: Secret.fromSecretName(chart, `${user}-keys`, `${user}-keys`),
    home: { storage: Size.gibibytes(50) },
    service: { metadata: { name: user } },
    resources: {
      cpu: { request: Cpu.millis(50), limit: Cpu.units(4) },
      memory: { request: Size.mebibytes(256), limit: Size.gibibytes(8) },
    },
    systemd: { docker: { storage: SystemStorage.claim({ storage: Size.gibibytes(50) }) } },
    stopped: user === 'bob', // on leave: the claims stay
  });
}

app.synth();
