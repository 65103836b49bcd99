// The Docker constructs on a real node: in each mode an engine in an unprivileged pod runs a container.
import { App, Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import {
  DockerEngine,
  DockerEngineMode,
  DockerPod,
  DockerServer,
  SystemPod,
  SystemStatefulSet,
  SystemStorage,
} from '../../src';
import { Authority } from './harness/certificates';
import { serveNames } from './harness/dns';
import { idleCost, idleRow } from './harness/idle';
import { yamlOf } from './harness/manifests';
import { Steps } from './harness/steps';
import { innerArchive, innerImageName, systemImageName as image } from './harness/systemImages';
import { makeVolumes } from './harness/volumes';
import { explained, newNamespace, workloadNode, type Workloads } from './harness/workloads';

jest.setTimeout(60 * 60_000);

const namespace = 'ci';
const storageClassName = 'ci';
const startTimeout = Duration.minutes(15); // emulated
const minutes = 60_000;
const load = ['docker', 'load', '--input', innerArchive];
const inner = ['docker', 'run', '--rm', innerImageName];
const words = ['sh', '-c', 'echo "words of $(hostname)"; cat /proc/self/uid_map'];

const steps = new Steps('Docker in pods');
let workloads: Workloads;

beforeAll(async () => {
  workloads = await workloadNode(steps);
  await newNamespace(workloads.cluster, namespace);
});

afterAll(async () => {
  steps.print();
  await workloads?.node.dispose();
});

test('an engine in the container itself runs a container, which reaches the network', () =>
  explained(workloads, namespace, async () => {
    const chart = newChart('alone');
    new DockerPod(chart, 'pod', { metadata: { name: 'alone' }, docker: { container: { image }, startTimeout } });

    await workloads.cluster.apply(yamlOf(chart));
    await steps.step('DockerPod Ready', () => workloads.cluster.podRunning('alone', namespace, 15 * minutes));
    await steps.step('docker load', () => exec('alone', load));
    const output = await steps.step('docker run', () => exec('alone', [...inner, ...words]));
    show(output);
    expect(output).toMatch(/^words of [0-9a-f]{12}\n/); // the id of the inner container
    expectNobodyOutside(output);
    expect(await exec('alone', ['docker', 'info', '--format', '{{.Driver}} {{.CgroupVersion}}'])).toBe('overlay2 2\n');
    await exec('alone', [...inner, 'nc', '-w', '20', '10.43.0.1', '443', '-e', 'true']);
    const interfaceOf = ['ip', '-o', 'link', 'show', 'eth0'];
    const mtu = / mtu \d+ /.exec(await exec('alone', interfaceOf))![0];
    expect(await exec('alone', [...inner, ...interfaceOf])).toContain(mtu);
    const idle = await idleCost(workloads.node, workloads.cluster, 'alone', namespace, 120);
    process.stdout.write(idleRow('DockerPod', idle));
    expect(idle.cpuMillis).toBeLessThan(500);
  }));

test('an engine alongside the work of the container ends with it', () =>
  explained(workloads, namespace, async () => {
    const chart = newChart('alongside');
    const pod = new SystemPod(chart, 'pod', {
      metadata: { name: 'alongside' },
      restartPolicy: kplus.RestartPolicy.NEVER,
    });
    const command = script(load, [...inner, ...words]);
    DockerEngine.on(pod, { mode: DockerEngineMode.IN_CONTAINER, container: { image, command }, startTimeout });

    await workloads.cluster.apply(yamlOf(chart));
    await steps.step('pod with work alongside the engine Succeeded', () => succeeded('alongside'));
    const log = await workloads.cluster.logs('alongside', namespace);
    show(log);
    expect(log).toMatch(/ words of [0-9a-f]{12}$/m);
  }));

test('an engine as native sidecar serves the container of a pod that then Succeeds', () =>
  explained(workloads, namespace, async () => {
    const chart = newChart('sidecar');
    const files = ['docker', 'run', '--rm', '-v', '/work:/work', innerImageName, 'cat', '/work/file'];
    const command = script(load, ['sh', '-c', 'echo a file of the tests > /work/file'], [...inner, ...words], files);
    new DockerPod(chart, 'pod', {
      metadata: { name: 'sidecar' },
      restartPolicy: kplus.RestartPolicy.NEVER,
      containers: [{ name: 'tests', image, command }],
      docker: { container: { image }, startTimeout, sharedDirectories: ['/work'] },
    });

    await workloads.cluster.apply(yamlOf(chart));
    await steps.step('pod with sidecar Succeeded', () => succeeded('sidecar'));
    const log = await workloads.cluster.kubectl(['logs', '-n', namespace, 'sidecar', '-c', 'tests']);
    show(log);
    expect(log).toMatch(/^words of [0-9a-f]{12}$/m);
    expect(log).toMatch(/^a file of the tests$/m);
  }));

test('an engine of its own serves other pods over TLS, only those with a certificate, and keeps its images', () =>
  explained(workloads, namespace, async () => {
    const { cluster, node } = workloads;
    const chart = newChart('server');
    const set = new SystemStatefulSet(chart, 'set', {
      metadata: { name: 'server' },
      service: new kplus.Service(chart, 'pods', { ports: [{ port: 2376 }], clusterIP: 'None' }),
      replicas: 1,
    });
    const server = DockerServer.on(set, {
      container: { image },
      certificate: kplus.Secret.fromSecretName(chart, 'server-certificate', 'server-tls'),
      serviceMetadata: { name: 'docker' },
      storage: SystemStorage.claim({ storage: Size.gibibytes(5), storageClassName }),
      startTimeout,
    });
    const client = new kplus.Pod(chart, 'client', { metadata: { name: 'client' }, securityContext: root });
    const container = client.addContainer({
      image,
      command: ['sleep', 'infinity'],
      imagePullPolicy: kplus.ImagePullPolicy.IF_NOT_PRESENT,
      securityContext: root,
      resources: {},
    });
    server.connect(container, {
      certificate: kplus.Secret.fromSecretName(chart, 'client-certificate', 'client-tls'),
    });

    const authority = await Authority.create(node.directory);
    await cluster.apply(await authority.secret('server-tls', namespace, server.dnsNames));
    await cluster.apply(await authority.secret('client-tls', namespace));
    await makeVolumes(cluster, storageClassName, 1);
    await cluster.apply(yamlOf(chart));
    await serveNames(cluster, image);
    await steps.step('DockerServer Ready', () => cluster.podRunning('server-0', namespace, 15 * minutes));
    await cluster.podRunning('client', namespace);

    await steps.step('docker load over TLS', () => exec('client', load));
    const output = await steps.step('docker run over TLS', () => exec('client', [...inner, ...words]));
    show(output);
    expect(output).toMatch(/^words of [0-9a-f]{12}\n/);
    expectNobodyOutside(output);

    // With the authority's certificate, and without one of its own.
    const stranger = `ca=$DOCKER_CERT_PATH/ca.pem; unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH; docker --tls --tlscacert $ca version`;
    const refused = await cluster.tryKubectl(['exec', '-n', namespace, 'client', '--', 'sh', '-c', stranger]);
    show(refused.stderr);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/certificate required|bad certificate/);

    await cluster.kubectl(['delete', 'pod', '-n', namespace, 'server-0'], { timeoutMs: 5 * minutes });
    await steps.step('DockerServer Ready in a new pod', () => cluster.podRunning('server-0', namespace, 15 * minutes));
    expect(await exec('client', [...inner, 'echo', 'the image is still there'])).toBe('the image is still there\n');
  }));

/** cdk8s-plus refuses root where nothing is said. */
const root = { ensureNonRoot: false, readOnlyRootFilesystem: false };

function newChart(id: string): Chart {
  return new Chart(new App(), id, { namespace, disableResourceNameHashes: true });
}

/** A shell command that runs these commands one after the other. */
function script(...commands: (readonly string[])[]): string[] {
  const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  return ['sh', '-euc', commands.map((words) => words.map(quoted).join(' ')).join('\n')];
}

function exec(pod: string, command: readonly string[]): Promise<string> {
  return workloads.cluster.kubectl(['exec', '-n', namespace, pod, '--', ...command], { timeoutMs: 10 * minutes });
}

/** Returns as soon as the pod's phase is Succeeded. */
async function succeeded(pod: string): Promise<void> {
  const wait = ['wait', `pod/${pod}`, '-n', namespace, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=20m'];
  await workloads.cluster.kubectl(wait, { timeoutMs: 21 * minutes });
}

/** Root of the inner container is an unprivileged user of the node: the engine ran without any privilege. */
function expectNobodyOutside(output: string): void {
  const [, outside] = /^\s*0\s+(\d+)\s+\d+$/m.exec(output) ?? [];
  expect(Number(outside)).toBeGreaterThanOrEqual(65_536);
}

function show(text: string): void {
  process.stdout.write(`${text.trim()}\n`);
}
