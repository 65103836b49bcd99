// Sandboxes for agents on a real node, made by agent-sandbox's own controller: one with Docker inside runs a container, is suspended,
// resumed, and has its images; a claim is served from a warm pool and without one.
import { readFileSync } from 'node:fs';
import { App, Chart, Duration, Size } from 'cdk8s';
import {
  AgentSandbox,
  AgentSandboxClaim,
  AgentSandboxTemplate,
  AgentSandboxWarmPool,
  DockerEngine,
  DockerEngineMode,
  SystemStorage,
} from '../../src';
import { agentSandboxCrds, runAgentSandboxController } from '../cluster/agent-sandbox';
import { Controller } from '../cluster/controller';
import { yamlOf } from './harness/manifests';
import { Steps } from './harness/steps';
import { innerArchive, innerImageName, systemImageName as image } from './harness/systemImages';
import { makeVolumes } from './harness/volumes';
import { waitFor } from './harness/wait';
import { explained, newNamespace, workloadNode, type Workloads } from './harness/workloads';

jest.setTimeout(60 * 60_000);

const namespace = 'agents';
const storageClassName = 'agents';
const minutes = 60_000;
const startTimeout = Duration.minutes(15);
const extension = (plural: string) => `${plural}.extensions.agents.x-k8s.io`;
const [sandboxes, claims] = ['sandboxes.agents.x-k8s.io', extension('sandboxclaims')];

const steps = new Steps('Sandboxes for agents');
let workloads: Workloads;
let controller: Controller;

const newChart = (id: string) => new Chart(new App(), id, { namespace, disableResourceNameHashes: true });

beforeAll(async () => {
  workloads = await workloadNode(steps);
  const { cluster } = workloads;
  await newNamespace(cluster, namespace);
  await cluster.kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  await makeVolumes(cluster, storageClassName, 1);
  await cluster.apply(await agentSandboxCrds());
  // the controller ends when one of them is not served yet
  const kinds = [sandboxes, claims, extension('sandboxtemplates'), extension('sandboxwarmpools')];
  await waitFor('kinds of agent-sandbox', { timeoutMs: 2 * minutes }, () => cluster.kubectl(['get', kinds.join(',')]));
  controller = await runAgentSandboxController(readFileSync(cluster.kubeconfig, 'utf8'));
});

afterAll(async () => {
  steps.print();
  controller?.stop();
  await workloads?.node.dispose();
});

async function withLogs(act: () => Promise<void>): Promise<void> {
  try {
    await explained(workloads, namespace, act);
  } catch (error) {
    process.stdout.write(`--- agent-sandbox's controller\n${controller.log()}\n`);
    throw error;
  }
}

test('with Docker inside it runs a container, is suspended and resumed, and has its images', () =>
  withLogs(async () => {
    const { cluster } = workloads;
    const chart = newChart('docker');
    const sandbox = new AgentSandbox(chart, 'sandbox', { metadata: { name: 'docker' } });
    const storage = SystemStorage.claim({ storage: Size.gibibytes(5), storageClassName });
    DockerEngine.on(sandbox, { mode: DockerEngineMode.IN_CONTAINER, container: { image }, storage, startTimeout });
    await cluster.apply(yamlOf(chart));
    await steps.step('sandbox with Docker Ready', () => cluster.podRunning('docker', namespace, 15 * minutes));
    await exec('docker', ['docker', 'load', '--input', innerArchive]);
    expect(await exec('docker', ['docker', 'run', '--rm', innerImageName, 'echo', 'in a container'])).toBe(
      'in a container\n',
    );
    expect(await exec('docker', ['cat', '/proc/1/mounts'])).toMatch(/^sysboxfs \/proc\/uptime fuse/m);

    await setMode('Suspended');
    await steps.step('suspended', () =>
      waitFor('no pod', { timeoutMs: 5 * minutes }, async () => (await podNames()).length === 0),
    );
    await setMode('Running');
    await steps.step('resumed to Ready', () => cluster.podRunning('docker', namespace, 15 * minutes));
    expect(await exec('docker', ['docker', 'images', '--quiet', innerImageName])).toMatch(/^[0-9a-f]{12}\n$/);
    expect(await exec('docker', ['docker', 'run', '--rm', innerImageName, 'echo', 'in a container again'])).toBe(
      'in a container again\n',
    );
  }));

test('a claim gets a sandbox of a warm pool, and one that is made for it where the pool is empty', () =>
  withLogs(async () => {
    const { cluster } = workloads;
    const chart = newChart('pools');
    const template = new AgentSandboxTemplate(chart, 'template', { metadata: { name: 'template' } });
    DockerEngine.on(template, { mode: DockerEngineMode.IN_CONTAINER, container: { image }, startTimeout });
    const pools = { warm: 1, cold: 0 };
    const made = Object.entries(pools).map(([name, replicas]) => ({
      name,
      pool: new AgentSandboxWarmPool(chart, name, { metadata: { name }, template, replicas }),
    }));
    await cluster.apply(yamlOf(chart));
    await steps.step('sandbox of the warm pool Ready', () =>
      waitFor('a Ready pod of the pool', { timeoutMs: 15 * minutes }, async () => {
        const text = await cluster.kubectl(['get', 'sandboxwarmpool', 'warm', '-n', namespace, '-o', 'json']);
        return (JSON.parse(text) as { status?: { readyReplicas?: number } }).status?.readyReplicas === 1;
      }),
    );
    for (const { name, pool } of made) {
      const claim = newChart(`claim-${name}`);
      new AgentSandboxClaim(claim, 'claim', { metadata: { name: `of-${name}` }, pool });
      await cluster.apply(yamlOf(claim));
      const wait = ['wait', claims, `of-${name}`, '-n', namespace, '--for=condition=Ready', '--timeout=15m'];
      await steps.step(`claim to Ready, ${name}`, () => cluster.kubectl(wait, { timeoutMs: 16 * minutes }));
      const { status } = await cluster.get<{ status: { sandbox: { name: string } } }>(
        ...[claims, `of-${name}`, '-n', namespace],
      );
      expect(await exec(status.sandbox.name, ['docker', 'info', '--format', '{{.Driver}}'])).toBe('overlay2\n');
    }
  }));

const setMode = (operatingMode: string) =>
  workloads.cluster.kubectl([
    ...['patch', sandboxes, 'docker', '-n', namespace, '--type=merge'],
    ...['-p', JSON.stringify({ spec: { operatingMode } })],
  ]);

async function podNames(): Promise<string[]> {
  const { items } = await workloads.cluster.get<{ items: { metadata: { name: string } }[] }>('pods', '-n', namespace);
  return items.map(({ metadata }) => metadata.name);
}

function exec(pod: string, command: readonly string[]): Promise<string> {
  return workloads.cluster.kubectl(['exec', '-n', namespace, pod, '--', ...command], { timeoutMs: 10 * minutes });
}
