// The systemd constructs on a real node: a machine boots in an unprivileged pod, shows its journal, shuts down by itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Chart, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { DevSandbox, SystemdPod } from '../../src';
import { must } from './harness/host';
import { idleCost, idleRow } from './harness/idle';
import { yamlOf } from './harness/manifests';
import { Steps } from './harness/steps';
import { innerArchive, innerImageName, systemImageName as image } from './harness/systemImages';
import { makeVolumes } from './harness/volumes';
import { waitFor } from './harness/wait';
import { explained, newNamespace, workloadNode, type Workloads } from './harness/workloads';

jest.setTimeout(60 * 60_000);

const namespace = 'machines';
const storageClassName = 'machines';
const minutes = 60_000;

const steps = new Steps('systemd in pods');
let workloads: Workloads;

beforeAll(async () => {
  workloads = await workloadNode(steps);
  await newNamespace(workloads.cluster, namespace);
});

afterAll(async () => {
  steps.print();
  await workloads?.node.dispose();
});

describe('a SystemdPod', () => {
  beforeAll(() =>
    explained(workloads, namespace, async () => {
      const chart = newChart('machine');
      new SystemdPod(chart, 'pod', {
        metadata: { name: 'machine' },
        systemd: {
          container: { image, envVariables: { GREETING: kplus.EnvValue.fromValue('from the pod') } },
          maskedUnits: ['docker.service', 'docker.socket', 'containerd.service'],
        },
      });
      await workloads.cluster.apply(yamlOf(chart));
      await steps.step('SystemdPod Ready', () => workloads.cluster.podRunning('machine', namespace, 20 * minutes));
    }),
  );

  test('boots systemd to its end', async () => {
    const state = await workloads.cluster.tryKubectl(execArgs('machine', ['systemctl', 'is-system-running']));
    const failed = await exec('machine', ['systemctl', '--failed', '--no-legend', '--plain']);
    show(`${state.stdout}${failed}`);
    expect(['running', 'degraded']).toContain(state.stdout.trim());
  });

  test('has the journal in its log', async () => {
    await exec('machine', ['systemd-run', '--unit=speaker', '--wait', 'echo', 'words of a unit']);
    const log = await logs('machine', (text) => text.includes('words of a unit'));
    show(log.split('\n').filter(isInteresting).slice(-12).join('\n'));
    expect(log).toMatch(/Reached target .*Multi-User/);
  });

  test('gives the variables of the pod to its units', async () => {
    const unit = ['systemd-run', '--wait', '--pipe', '--quiet', 'printenv', 'GREETING'];
    expect((await exec('machine', unit)).trim()).toBe('from the pod');
  });

  test('is the machine that its pod is', async () => {
    const { metadata } = await workloads.cluster.get<{ metadata: { uid: string } }>('pod', 'machine', '-n', namespace);
    expect((await exec('machine', ['cat', '/etc/machine-id'])).trim()).toBe(metadata.uid.replaceAll('-', ''));
  });

  test('stops its units in order and ends by itself within the grace period', () =>
    explained(workloads, namespace, async () => {
      const { cluster } = workloads;
      const pod = ['pod', 'machine', '-n', namespace];
      const stop = ['-p', 'ExecStop=/bin/sh -c "sleep 3; echo a unit was stopped in order"'];
      await exec('machine', ['systemd-run', '--unit=orderly', ...stop, 'sleep', 'infinity']);
      // keeps the deleted pod's last status to be read
      await cluster.kubectl(['patch', ...pod, '--patch={"metadata":{"finalizers":["example.com/last-status"]}}']);
      const following = ['logs', '-n', namespace, '--follow', '--tail=0', 'machine'];
      const log = cluster.kubectl(following, { timeoutMs: 10 * minutes });

      const start = Date.now();
      await cluster.kubectl(['delete', '--wait=false', ...pod]);
      const { spec, state } = await waitFor('container ended', { timeoutMs: 10 * minutes }, async (last) => {
        const { spec, status } = await cluster.get<Pod>(...pod);
        last(JSON.stringify(status));
        const state = status.containerStatuses[0]?.state.terminated;
        return state && { spec, state };
      });
      steps.note('SystemdPod shut down', Date.now() - start);
      await cluster.kubectl(['patch', ...pod, '--patch={"metadata":{"finalizers":null}}']);

      const text = await log;
      show(text.split('\n').filter(isInteresting).slice(-25).join('\n'));
      const seconds = (Date.parse(state.finishedAt) - start) / 1000;
      show(
        `ended ${seconds} s after the deletion, of ${spec.terminationGracePeriodSeconds} s: ${JSON.stringify(state)}`,
      );
      expect(text).toContain('a unit was stopped in order');
      expect(text).toMatch(/Reached target .*(Power-Off|Halt|Shutdown)/i);
      expect(state.exitCode).not.toBe(128 + 9);
      expect(seconds).toBeLessThan(spec.terminationGracePeriodSeconds);
    }));
});

describe('a DevSandbox', () => {
  let address: string;

  beforeAll(() =>
    explained(workloads, namespace, async () => {
      const { cluster, node } = workloads;
      const chart = newChart('sandbox');
      new DevSandbox(chart, 'sandbox', {
        image,
        metadata: { name: 'sandbox' },
        authorizedKeys: kplus.Secret.fromSecretName(chart, 'keys', 'keys'),
        home: { storage: Size.gibibytes(5), storageClassName },
        service: { metadata: { name: 'sandbox' } },
        systemd: { docker: {} },
      });

      const key = join(node.directory, 'sandbox-key');
      await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
      await node.put('/root/sandbox-key', { from: key, mode: 0o600 });
      await makeVolumes(cluster, storageClassName, 1);
      const authorized = `authorized_keys=${readFileSync(`${key}.pub`, 'utf8')}`;
      await cluster.kubectl(['create', 'secret', 'generic', 'keys', '-n', namespace, `--from-literal=${authorized}`]);
      await cluster.apply(yamlOf(chart));
      await steps.step('DevSandbox Ready', () => cluster.podRunning('sandbox-0', namespace, 20 * minutes));
      const { spec } = await cluster.get<{ spec: { clusterIP: string } }>('service', 'sandbox', '-n', namespace);
      address = spec.clusterIP;
    }),
  );

  /** From the node to the Service, remembering the host key of the first time. */
  const login = (script: string) =>
    workloads.node.exec(
      `ssh -i /root/sandbox-key -o BatchMode=yes -o StrictHostKeyChecking=accept-new root@${address} '${script}'`,
      { timeoutMs: 10 * minutes },
    );

  test('lets in who has the key, and runs a container with its own Docker', async () => {
    const { stdout, stderr } = await login(
      `hostname; docker load --quiet --input ${innerArchive}; docker run --rm ${innerImageName} echo words of a container`,
    );
    show(stdout + stderr);
    expect(stdout).toMatch(/^sandbox-0\n/);
    expect(stdout).toMatch(/^words of a container$/m);
  });

  test('costs little while it is idle', async () => {
    const idle = await idleCost(workloads.node, workloads.cluster, 'sandbox-0', namespace, 120);
    process.stdout.write(idleRow('DevSandbox with Docker', idle));
    expect(idle.cpuMillis).toBeLessThan(500);
  });

  test('lets nobody else in', async () => {
    const { code, stderr } = await workloads.node.exec(
      `ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new root@${address} true`,
    );
    expect(stderr).toContain('Permission denied (publickey)');
    expect(code).not.toBe(0);
  });

  test('does not reach the API server', async () => {
    const connect = 'timeout 10 bash -c "</dev/tcp/10.43.0.1/443"';
    expect((await workloads.node.exec(connect)).code).toBe(0);
    const { code, stderr } = await login(connect);
    show(stderr);
    // K3s's network policy controller rejects; others drop, until the timeout.
    expect(code === 124 || stderr.includes('Connection refused')).toBe(true);
  });

  test('is the same machine in a new pod: host key, machine id and home', () =>
    explained(workloads, namespace, async () => {
      const { cluster } = workloads;
      const identity = 'cat /etc/machine-id /home/file';
      const before = await login(`echo kept > /home/file; ${identity}`);
      await steps.step('DevSandbox pod deleted', () =>
        cluster.kubectl(['delete', 'pod', 'sandbox-0', '-n', namespace], { timeoutMs: 10 * minutes }),
      );
      await steps.step('DevSandbox Ready in a new pod', () => cluster.podRunning('sandbox-0', namespace, 20 * minutes));
      const after = await login(identity);
      expect(after.stderr).toBe('');
      expect(after.stdout).toBe(before.stdout);
      expect(after.stdout).toMatch(/^[0-9a-f]{32}\nkept\n$/);
    }));
});

interface Pod {
  readonly spec: { readonly terminationGracePeriodSeconds: number };
  readonly status: {
    readonly containerStatuses: readonly {
      readonly state: { readonly terminated?: { readonly exitCode: number; readonly finishedAt: string } };
    }[];
  };
}

function newChart(id: string): Chart {
  return new Chart(new App(), id, { namespace, disableResourceNameHashes: true });
}

const execArgs = (pod: string, command: readonly string[]) => ['exec', '-n', namespace, pod, '--', ...command];

function exec(pod: string, command: readonly string[]): Promise<string> {
  return workloads.cluster.kubectl(execArgs(pod, command), { timeoutMs: 10 * minutes });
}

/** The journal comes a moment after the unit has written it. */
function logs(pod: string, has: (text: string) => boolean): Promise<string> {
  return waitFor(`log of ${pod}`, { timeoutMs: 2 * minutes }, async (last) => {
    const text = await workloads.cluster.kubectl(['logs', '-n', namespace, pod]);
    last(text.slice(-2000));
    return has(text) && text;
  });
}

const isInteresting = (line: string) => /words|order|Reached target|Stopp|shutting|Power|Halt|SIGKILL/i.test(line);

function show(text: string): void {
  process.stdout.write(`${text.trim()}\n`);
}
