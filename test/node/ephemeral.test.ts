// EphemeralK3s on a real node: a whole Kubernetes as the sidecar of a Job that applies a pod to it, and how long it takes.
import { App, Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { EphemeralK3s, K3sComponent, SystemJob } from '../../src';
import { pauseImage } from './harness/images';
import { yamlOf } from './harness/manifests';
import { binaries } from './harness/prerequisites';
import { Steps } from './harness/steps';
import { innerImage, innerImageName, k3sImageName, k3sVersion } from './harness/systemImages';
import { makeVolumes, volumeDirectory } from './harness/volumes';
import { explained, newNamespace, workloadNode, type Workloads } from './harness/workloads';

jest.setTimeout(60 * 60_000);

const namespace = 'run';
const minutes = 60_000;
const storageClassName = 'images';

const steps = new Steps('A cluster for one test run');
let workloads: Workloads;

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
      disable: Object.values(K3sComponent),
      startTimeout: Duration.minutes(30),
      images: kplus.Volume.fromPersistentVolumeClaim(chart, 'image-volume', claim, { name: 'images' }),
    });
    await workloads.cluster.apply(yamlOf(chart));
    const wait = ['wait', 'job/suite', '-n', namespace, '--for=condition=Complete', '--timeout=40m'];
    await steps.step('job complete', () => workloads.cluster.kubectl(wait, { timeoutMs: 41 * minutes }));
    const { items } = await workloads.cluster.get<{ items: JobPod[] }>('pods', '-n', namespace);
    const { status, metadata } = items[0]!;
    const [k3s, main] = [status.initContainerStatuses[0]!, status.containerStatuses[0]!];
    const started = Date.parse(main.state.terminated.startedAt);
    steps.note('pod started to ready cluster', started - Date.parse(status.startTime));
    steps.note('ready cluster to the end of an inner pod', Date.parse(main.state.terminated.finishedAt) - started);
    const log = await workloads.cluster.kubectl(['logs', '-n', namespace, metadata.name, '-c', 'suite']);
    process.stdout.write(log);
    expect(log).toMatch(/^words of an inner pod$/m);
    expect(k3s.restartCount).toBe(0);
    expect(k3s.state.terminated).toBeDefined();
  }));

interface JobPod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly startTime: string;
    readonly initContainerStatuses: readonly { restartCount: number; state: { terminated?: object } }[];
    readonly containerStatuses: readonly { state: { terminated: { startedAt: string; finishedAt: string } } }[];
  };
}
