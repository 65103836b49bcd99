// EphemeralK3s on a real node: a whole Kubernetes as the sidecar of a Job that applies a pod to it, and how long it takes, next to a
// K3sCluster on the same node, with the same components and with its own.
import { App, Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { EphemeralK3s, K3sCluster, K3sComponent, SystemJob, SystemStorage, type K3sServerOptions } from '../../src';
import { pauseImage } from './harness/images';
import { noteStart } from './harness/k3sStart';
import { yamlOf } from './harness/manifests';
import { binaries } from './harness/prerequisites';
import { Steps } from './harness/steps';
import { innerImage, innerImageName, k3sImageName, k3sVersion } from './harness/systemImages';
import { makeVolumes, volumeDirectory } from './harness/volumes';
import { waitFor } from './harness/wait';
import { explained, newNamespace, workloadNode, type Workloads } from './harness/workloads';

jest.setTimeout(60 * 60_000);

const namespace = 'run';
const minutes = 60_000;
const storageClassName = 'images';
const clusterClassName = 'cluster';
/** What EphemeralK3s does not have by itself. */
const withoutMore: K3sServerOptions = {
  disable: [K3sComponent.METRICS_SERVER, K3sComponent.SERVICE_LB, K3sComponent.TRAEFIK],
  extraArgs: ['--disable-helm-controller'],
};
const startTimeout = Duration.minutes(30);

const steps = new Steps('A cluster for one test run');
let workloads: Workloads;
/** Applied to a node that takes pods, in ms, of each K3sCluster. */
const clustersTook: Record<string, number> = {};

beforeAll(async () => {
  // On the volume that the nested cluster imports its images from.
  const images = volumeDirectory(storageClassName, 0);
  const files = {
    [`${images}/pause.tar`]: { from: await pauseImage() },
    [`${images}/inner.tar`]: { from: await innerImage() },
  };
  workloads = await workloadNode(steps, { memoryMiB: 5120, files });
  await newNamespace(workloads.cluster, namespace);
  await makeVolumes(workloads.cluster, storageClassName, 1);
  await makeVolumes(workloads.cluster, clusterClassName, 2);
});

afterAll(async () => {
  steps.print();
  await workloads?.node.dispose();
});

/** What a suite does: it waits for its ServiceAccount, starts a pod from a preloaded image, and looks at it. */
const suite = `set -eu
kubectl get --raw /readyz
kubectl get nodes
until kubectl get serviceaccount default; do sleep 1; done
kubectl run inner --image=${innerImageName} --image-pull-policy=Never --restart=Never -- echo words of an inner pod
kubectl wait pod/inner --for=jsonpath='{.status.phase}'=Succeeded --timeout=10m
kubectl logs inner
`;

test.each<[string, string, K3sServerOptions]>([
  ['K3sCluster, same components', 'same', withoutMore],
  ['K3sCluster', 'all', {}],
])('%s: one server, to compare with', (what, clusterName, options) =>
  explained(workloads, namespace, async () => {
    const { cluster } = workloads;
    const server = `${clusterName}-server-0`;
    const chart = new Chart(new App(), 'cluster', { namespace, disableResourceNameHashes: true });
    new K3sCluster(chart, 'it', {
      clusterName,
      version: await k3sVersion(binaries().k3s),
      startTimeout,
      server: {
        ...options,
        storage: SystemStorage.claim({ storage: Size.gibibytes(5), storageClassName: clusterClassName }),
      },
    });
    await cluster.apply(yamlOf(chart));
    await cluster.podRunning(server, namespace, 30 * minutes);
    const { status } = await cluster.get<ServerPod>('pod', server, '-n', namespace);
    const applied = await appliedAt('statefulset', `${clusterName}-server`);
    const since = (time: string) => Date.parse(time) - Date.parse(applied);
    const readyAt = (conditions: Conditions) => conditions.find(({ type }) => type === 'Ready')!.lastTransitionTime;
    // as EphemeralK3s has it: the node is Ready, and there is the ServiceAccount without which no pod can be made
    const path = '{.metadata.creationTimestamp}';
    const account = await inside(server, ['get', 'serviceaccount', 'default', '-o', `jsonpath=${path}`]);
    await inside(server, ['wait', `node/${server}`, '--for=condition=Ready', '--timeout=10m']);
    const node = JSON.parse(await inside(server, ['get', 'node', server, '-o', 'json'])) as ServerPod;
    clustersTook[what] = Math.max(since(account), since(readyAt(node.status.conditions)));
    steps.note(`${what}: pod is on the node`, since(status.startTime));
    noteStart(steps, what, await logOf(server), applied);
    steps.note(`${what}: pod is Ready`, since(readyAt(status.conditions)));
    steps.note(`${what}: takes pods`, clustersTook[what]);
    // it takes its share of the processors from what comes next
    await cluster.kubectl(['delete', 'statefulset', `${clusterName}-server`, '-n', namespace, '--cascade=foreground'], {
      timeoutMs: 10 * minutes,
    });
    await waitFor('server gone', { timeoutMs: 10 * minutes }, async () =>
      (await cluster.tryKubectl(['get', 'pod', server, '-n', namespace])).stderr.includes('NotFound'),
    );
  }),
);

test('the containers of a Job start when the cluster is ready, run a pod in it, and it ends with them', () =>
  explained(workloads, namespace, async () => {
    const version = await k3sVersion(binaries().k3s);
    const chart = new Chart(new App(), 'run', { namespace, disableResourceNameHashes: true });
    const job = new SystemJob(chart, 'job', {
      metadata: { name: 'suite' },
      backoffLimit: 0,
      containers: [{ name: 'suite', image: k3sImageName(version), command: ['sh', '-c', suite] }],
    });
    const claim = new kplus.PersistentVolumeClaim(chart, 'images', {
      ...{ metadata: { name: 'images' }, storageClassName, storage: Size.gibibytes(1) },
      accessModes: [kplus.PersistentVolumeAccessMode.READ_WRITE_ONCE],
    });
    EphemeralK3s.on(job, {
      version,
      startTimeout,
      images: kplus.Volume.fromPersistentVolumeClaim(chart, 'image-volume', claim, { name: 'images' }),
    });
    await workloads.cluster.apply(yamlOf(chart));
    const wait = ['wait', 'job/suite', '-n', namespace, '--for=condition=Complete', '--timeout=40m'];
    await steps.step('job complete', () => workloads.cluster.kubectl(wait, { timeoutMs: 41 * minutes }));
    const pods = ['pods', '-n', namespace, '-l', 'job-name=suite'];
    const { items } = await workloads.cluster.get<{ items: JobPod[] }>(...pods);
    const { status, metadata } = items[0]!;
    const [k3s, main] = [status.initContainerStatuses[0]!, status.containerStatuses[0]!];
    const applied = await appliedAt('job', 'suite');
    const started = Date.parse(main.state.terminated.startedAt);
    const took = started - Date.parse(applied);
    steps.note('EphemeralK3s: pod is on the node', Date.parse(status.startTime) - Date.parse(applied));
    noteStart(steps, 'EphemeralK3s', await logOf(metadata.name), applied);
    steps.note('EphemeralK3s: takes pods, and the containers that use it are started', took);
    for (const [what, clusterTook] of Object.entries(clustersTook)) {
      process.stdout.write(`  ${(took / clusterTook).toFixed(2)} of ${what}\n`);
      expect(took).toBeLessThan(clusterTook);
    }
    steps.note('ready cluster to the end of an inner pod', Date.parse(main.state.terminated.finishedAt) - started);
    const log = await workloads.cluster.kubectl(['logs', '-n', namespace, metadata.name, '-c', 'suite']);
    process.stdout.write(log);
    expect(log).toMatch(/^words of an inner pod$/m);
    expect(k3s.restartCount).toBe(0);
    expect(k3s.state.terminated).toBeDefined();
  }));

async function appliedAt(kind: string, name: string): Promise<string> {
  const object = [kind, name, '-n', namespace];
  const { metadata } = await workloads.cluster.get<{ metadata: { creationTimestamp: string } }>(...object);
  return metadata.creationTimestamp;
}

function logOf(pod: string): Promise<string> {
  return workloads.cluster.kubectl(['logs', '-n', namespace, pod, '-c', 'k3s', '--timestamps']);
}

function inside(server: string, args: readonly string[]): Promise<string> {
  const exec = ['exec', '-n', namespace, server, '-c', 'k3s', '--', 'kubectl'];
  return waitFor('an answer from inside', { timeoutMs: 10 * minutes }, () =>
    workloads.cluster.kubectl([...exec, ...args]),
  );
}

type Conditions = readonly { type: string; lastTransitionTime: string }[];

/** A pod, or the node inside. */
interface ServerPod {
  readonly status: { readonly startTime: string; readonly conditions: Conditions };
}

interface JobPod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly startTime: string;
    readonly initContainerStatuses: readonly { restartCount: number; state: { terminated?: object } }[];
    readonly containerStatuses: readonly { state: { terminated: { startedAt: string; finishedAt: string } } }[];
  };
}
