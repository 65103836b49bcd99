import { App, Chart, Duration, Size } from 'cdk8s';
import { EnvValue, Secret } from 'cdk8s-plus-30';
import { JournalLevel, SystemdPod, SystemStorage } from 'cdk8s-sysbox';

// A machine as it was packaged for a VM: its units run unchanged, and its journal is in `kubectl logs`.
const app = new App();
const chart = new Chart(app, 'systemd', { disableResourceNameHashes: true });

new SystemdPod(chart, 'legacy', {
  systemd: {
    container: {
      image: 'registry.example.com/machines/legacy:2026.1',
      ports: [{ number: 5432 }],
      // all units of the machine get the variables of the container
      envVariables: {
        PGPASSWORD: EnvValue.fromSecretValue({
          secret: Secret.fromSecretName(chart, 'database', 'database'),
          key: 'password',
        }),
      },
    },
    target: 'multi-user.target',
    maskedUnits: ['getty.target', 'fstrim.timer'],
    stopTimeout: Duration.minutes(2),
    journal: { level: JournalLevel.NOTICE },
    readiness: { acceptDegraded: false, units: ['postgresql.service'] },
    persistentDirectories: [
      { path: '/var/lib/postgresql', storage: SystemStorage.claim({ storage: Size.gibibytes(20) }) },
    ],
  },
});

app.synth();
