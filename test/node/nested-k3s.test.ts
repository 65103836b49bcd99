// K3sCluster on a real node: a cluster in two unprivileged pods that runs pods of its own and survives its pods.
import { App, Chart, Duration, Size } from 'cdk8s';
import { K3sCluster, K3sComponent, SystemStorage } from '../../src';
import { serveNames } from './harness/dns';
import { pauseImage } from './harness/images';
import { imagesDirectory } from './harness/k3s';
import { idleCost, idleRow } from './harness/idle';
import { yamlOf } from './harness/manifests';
import { NestedClient } from './harness/nestedClient';
import type { NodeFile } from './harness/node';
import { binaries } from './harness/prerequisites';
import { Steps } from './harness/steps';
import { innerImage, innerImageName, k3sVersion, systemImageName } from './harness/systemImages';
import { makeVolumes, volumeDirectory } from './harness/volumes';
import { waitFor } from './harness/wait';
import { explained, newNamespace, workloadNode, type Workloads } from './harness/workloads';

jest.setTimeout(60 * 60_000);

const namespace = 'nested';
const storageClassName = 'nested';
const minutes = 60_000;
const server = 'dev-server-0';
const agent = 'dev-agent-0';

const steps = new Steps('K3s in pods');
let workloads: Workloads;
let client: NestedClient;

beforeAll(async () => {
  workloads = await workloadNode(steps, { memoryMiB: 6144, files: await innerImages() });
  const { cluster } = workloads;
  const version = await k3sVersion(binaries().k3s);
  const chart = new Chart(new App(), 'nested', { namespace, disableResourceNameHashes: true });
  const storage = SystemStorage.claim({ storage: Size.gibibytes(10), storageClassName });
  const nested = new K3sCluster(chart, 'dev', {
    clusterName: 'dev',
    version,
    agents: 1,
    startTimeout: Duration.minutes(30), // emulated
    server: { disable: Object.values(K3sComponent), extraArgs: ['--disable-helm-controller'], storage },
    agent: { storage },
  });
  await explained(workloads, namespace, async () => {
    await newNamespace(cluster, namespace);
    await makeVolumes(cluster, storageClassName, 2);
    await cluster.apply(yamlOf(chart));
    await serveNames(cluster, systemImageName);
    await steps.step('server Ready: its API server answers /readyz', () =>
      cluster.podRunning(server, namespace, 30 * minutes),
    );
    await steps.step('agent Ready: its node is', () => cluster.podRunning(agent, namespace, 30 * minutes));
    client = await steps.step('kubeconfig published, its client running', () =>
      NestedClient.of(cluster, namespace, nested, version),
    );
  });
});

afterAll(async () => {
  steps.print();
  await workloads?.node.dispose();
});

test('the published kubeconfig leads to the nodes, which are named after their pods', async () => {
  const nodes = await inner(['get', 'nodes', '-o', 'wide']);
  show(nodes);
  expect(nodes).toMatch(new RegExp(`^${server} +Ready`, 'm'));
  expect(nodes).toMatch(new RegExp(`^${agent} +Ready`, 'm'));
  expect(await inner(['get', '--raw', '/readyz'])).toBe('ok');
});

test('what an idle server costs', async () => {
  const idle = await idleCost(workloads.node, workloads.cluster, server, namespace, 180);
  process.stdout.write(idleRow('K3sCluster, server', idle));
  expect(idle.memoryMiB).toBeLessThan(1_536);
});

test('pods inside run on both nodes and reach each other by a Service', () =>
  explained(workloads, namespace, async () => {
    await client.serviceAccount();
    await inner(['apply', '-f', '-'], innerObjects);
    await steps.step('inner pods Ready', async () => {
      await inner(['rollout', 'status', 'deployment/web', '--timeout=15m']);
      await inner(['wait', 'pod/visitor', '--for=condition=Ready', '--timeout=15m']);
    });
    show(await inner(['get', 'pods', '-o', 'wide']));
    expect(await page()).toBe('a page from the server\n');
  }));

test('the cluster survives its server: same node, same objects, and pods of the agent never stop', () =>
  explained(workloads, namespace, async () => {
    const identity = ['get', `node/${server}`, 'configmap/kept', '-o', 'jsonpath={.items[*].metadata.uid}'];
    const before = await inner(identity);
    const podBefore = await addressOf(server);
    await steps.step('server deleted', () =>
      workloads.cluster.kubectl(['delete', 'pod', server, '-n', namespace], { timeoutMs: 10 * minutes }),
    );
    await steps.step('server Ready in a new pod', () => workloads.cluster.podRunning(server, namespace, 30 * minutes));
    expect(await addressOf(server)).not.toBe(podBefore);
    expect(await inner(identity)).toBe(before);
    await steps.step('inner pod of the server Ready again', () =>
      inner(['rollout', 'status', 'deployment/web', '--timeout=15m']),
    );
    show(await inner(['get', 'nodes,pods', '-o', 'wide']));
    const visitor = JSON.parse(await inner(['get', 'pod', 'visitor', '-o', 'json'])) as InnerPod;
    expect(visitor.status.containerStatuses[0]?.restartCount).toBe(0);
    expect(await steps.step('inner pods reach each other again', page)).toBe('a page from the server\n');
  }));

/** In the directory from which K3s imports images, on the volumes that the nodes will claim: there is no registry. */
async function innerImages(): Promise<Record<string, NodeFile>> {
  const images = { 'pause.tar': await pauseImage(), 'inner.tar': await innerImage() };
  const directories = [0, 1].map((volume) =>
    imagesDirectory({ dataDir: `${volumeDirectory(storageClassName, volume)}/k3s` }),
  );
  const files = directories.flatMap((directory) =>
    Object.entries(images).map(([name, from]): [string, NodeFile] => [`${directory}/${name}`, { from }]),
  );
  return Object.fromEntries(files);
}

const inner = (args: readonly string[], stdin?: string) => client.kubectl(args, stdin);

/** What the pod on the agent gets from the pod on the server, through their Service. */
async function page(): Promise<string> {
  const address = await inner(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}']);
  return waitFor('page', { timeoutMs: 5 * minutes }, () =>
    inner(['exec', 'visitor', '--', 'wget', '-q', '-T', '20', '-O', '-', `http://${address}/`]),
  );
}

async function addressOf(pod: string): Promise<string> {
  const { status } = await workloads.cluster.get<{ status: { podIP: string } }>('pod', pod, '-n', namespace);
  return status.podIP;
}

interface InnerPod {
  readonly status: { readonly containerStatuses: readonly { readonly restartCount: number }[] };
}

const innerObjects = `apiVersion: v1
kind: ConfigMap
metadata: { name: kept }
data: { index.html: "a page from the server\\n" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      nodeSelector: { kubernetes.io/hostname: ${server} }
      terminationGracePeriodSeconds: 1
      containers:
        - name: httpd
          image: ${innerImageName}
          command: [httpd, -f, -h, /pages]
          volumeMounts: [{ name: pages, mountPath: /pages }]
      volumes: [{ name: pages, configMap: { name: kept } }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80 }]
---
apiVersion: v1
kind: Pod
metadata: { name: visitor }
spec:
  nodeName: ${agent}
  containers: [{ name: visitor, image: ${innerImageName}, command: [sleep, infinity] }]
`;

function show(text: string): void {
  process.stdout.write(`${text.trim()}\n`);
}
