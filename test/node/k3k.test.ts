// K3k on a real node, with its own controller: a K3kCluster whose server and agent are system pods runs pods, and its data survives its
// server. Shared mode, which K3kCluster does not use, is tried with a system pod made inside the virtual cluster.
import { App, Chart, Size } from 'cdk8s';
import { K3kCluster, K3sComponent, PodSecurityLevel, SystemPod, SystemStorage } from '../../src';
import { k3kDirectory } from '../cluster/k3k';
import { serveNames } from './harness/dns';
import { idleCost, idleRow } from './harness/idle';
import { pauseImage } from './harness/images';
import { installK3k, k3kNamespace } from './harness/k3kController';
import { imagesDirectory } from './harness/k3s';
import { yamlOf } from './harness/manifests';
import { NestedClient } from './harness/nestedClient';
import { binaries } from './harness/prerequisites';
import { Steps } from './harness/steps';
import { innerImage, innerImageName, k3sVersion, systemImageName } from './harness/systemImages';
import { runtimeClass } from './harness/sysboxByHand';
import { makeVolumes, volumeDirectory } from './harness/volumes';
import { waitFor } from './harness/wait';
import { explained, newNamespace, workloadNode, type Workloads } from './harness/workloads';

jest.setTimeout(60 * 60_000);

const namespace = 'team';
const shared = 'shared';
const storageClassName = 'k3k';
const minutes = 60_000;
const server = 'k3k-team-server-0';
const from = k3kDirectory();

const steps = new Steps("K3k's clusters");
let workloads: Workloads;
let version: string;
let client: NestedClient;

(from ? describe : describe.skip)("K3k's controller", () => {
  beforeAll(async () => {
    version = await k3sVersion(binaries().k3s);
    workloads = await workloadNode(steps, { memoryMiB: 6144, files: await innerImages() });
    const { cluster, node } = workloads;
    await explained(workloads, k3kNamespace, () =>
      steps.step("K3k's controller runs", () => installK3k(node, cluster, from!)),
    );
    for (const name of [namespace, shared]) await newNamespace(cluster, name);
    await cluster.kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
    await makeVolumes(cluster, storageClassName, 1);
  });

  afterAll(async () => {
    steps.print();
    await workloads?.node.dispose();
  });

  test('makes a cluster of system pods, Ready and reached by its kubeconfig', () =>
    withLogs(namespace, async () => {
      const { cluster } = workloads;
      const chart = new Chart(new App(), 'team', { namespace });
      const nested = new K3kCluster(chart, 'team', {
        clusterName: 'team',
        version,
        agents: 1,
        server: {
          disable: Object.values(K3sComponent),
          extraArgs: ['--disable-helm-controller'],
          storage: SystemStorage.claim({ storage: Size.gibibytes(10), storageClassName }),
        },
        system: { podSecurity: PodSecurityLevel.RESTRICTED },
      });
      await cluster.apply(yamlOf(chart));
      await steps.step('K3kCluster: server Ready', () => cluster.podRunning(server, namespace, 20 * minutes));
      await steps.step('K3kCluster: phase Ready', () => phase('team', namespace, 'Ready'));
      client = await steps.step('kubeconfig published, its client running', () =>
        NestedClient.of(cluster, namespace, nested, version),
      );
      const wait = ['wait', 'nodes', '--all', '--for=condition=Ready', '--timeout=10m'];
      await waitFor('two nodes', { timeoutMs: 10 * minutes }, async (last) => {
        const nodes = await client.kubectl(['get', 'nodes', '-o', 'name']);
        last(nodes);
        return nodes.trim().split('\n').length === 2;
      });
      await steps.step('nodes of server and agent Ready', () => client.kubectl(wait));
      show(await client.kubectl(['get', 'nodes', '-o', 'wide']));
      const mounts = await exec(namespace, server, ['cat', '/proc/1/mounts']);
      expect(mounts).toMatch(/^sysboxfs \/proc\/uptime fuse/m);
      const ids = await exec(namespace, server, ['cat', '/proc/1/uid_map']);
      expect(Number(/^\s*0\s+(\d+)/.exec(ids)?.[1])).toBeGreaterThanOrEqual(65_536);
    }));

  test('its cluster runs a pod', () =>
    withLogs(namespace, async () => {
      await client.serviceAccount();
      await client.kubectl(['apply', '-f', '-'], innerPod);
      await steps.step('inner pod Ready', () =>
        client.kubectl(['wait', 'pod/kept', '--for=condition=Ready', '--timeout=10m']),
      );
      expect(await client.kubectl(['exec', 'kept', '--', 'echo', 'words of an inner pod'])).toBe(
        'words of an inner pod\n',
      );
      process.stdout.write(
        idleRow('K3kCluster, server', await idleCost(workloads.node, workloads.cluster, server, namespace, 120)),
      );
    }));

  test('its cluster survives its server: same node, same objects', () =>
    withLogs(namespace, async () => {
      const identity = ['get', `node/${server}`, 'pod/kept', '-o', 'jsonpath={.items[*].metadata.uid}'];
      const before = await client.kubectl(identity);
      await steps.step('server deleted', () =>
        workloads.cluster.kubectl(['delete', 'pod', server, '-n', namespace], { timeoutMs: 10 * minutes }),
      );
      await steps.step('server Ready in a new pod', () =>
        workloads.cluster.podRunning(server, namespace, 20 * minutes),
      );
      await waitFor('API server inside', { timeoutMs: 10 * minutes }, () =>
        client.kubectl(['get', '--raw', '/readyz']),
      );
      expect(await client.kubectl(identity)).toBe(before);
      await steps.step('inner pod answers again', () =>
        waitFor('exec into the inner pod', { timeoutMs: 10 * minutes }, async () =>
          (await client.kubectl(['exec', 'kept', '--', 'echo', 'again'])).includes('again'),
        ),
      );
    }));

  test('shared mode: a system pod made inside the virtual cluster is a system pod of the host', () =>
    withLogs(shared, async () => {
      const { cluster } = workloads;
      await cluster.kubectl(['delete', 'cluster.k3k.io', 'team', '-n', namespace], { timeoutMs: 10 * minutes });
      await cluster.apply(sharedCluster());
      // K3k's kubelet asks for its server by name
      await waitFor('Service of the shared cluster', { timeoutMs: 5 * minutes }, () =>
        cluster.get('service', 'k3k-shared-service', '-n', shared),
      );
      await serveNames(cluster, systemImageName);
      await steps.step('shared cluster: phase Ready', () => phase('shared', shared, 'Ready'));
      const secret = { kubeconfigSecret: { name: 'k3k-shared-kubeconfig' }, kubeconfigKey: 'kubeconfig.yaml' };
      const inside = await NestedClient.of(cluster, shared, secret, version);
      await inside.serviceAccount();
      await inside.kubectl(['apply', '-f', '-'], runtimeClass);
      const chart = new Chart(new App(), 'guest', { namespace: 'default' });
      new SystemPod(chart, 'pod', {
        metadata: { name: 'guest' },
        containers: [{ image: 'ubuntu:24.04', command: ['sleep', 'infinity'] }],
      });
      await inside.kubectl(['apply', '-f', '-'], yamlOf(chart));
      await steps.step('system pod of the shared cluster Ready', () =>
        inside.kubectl(['wait', 'pod/guest', '--for=condition=Ready', '--timeout=10m']),
      );
      show(await cluster.kubectl(['get', 'pods', '-n', shared, '-o', 'wide']));
      expect(await inside.kubectl(['exec', 'guest', '--', 'cat', '/proc/1/mounts'])).toMatch(
        /^sysboxfs \/proc\/uptime fuse/m,
      );
    }));
});

async function withLogs(of: string, act: () => Promise<void>): Promise<void> {
  try {
    await explained(workloads, of, act);
  } catch (error) {
    const log = await workloads.cluster.tryKubectl(['logs', '-n', k3kNamespace, 'deployment/k3k', '--tail=60']);
    const clusters = await workloads.cluster.tryKubectl(['get', 'clusters.k3k.io', '-A', '-o', 'yaml']);
    process.stdout.write(`--- K3k's controller\n${log.stdout}\n${clusters.stdout}\n`);
    throw error;
  }
}

async function phase(name: string, of: string, wanted: string): Promise<void> {
  await waitFor(`cluster ${name} ${wanted}`, { timeoutMs: 15 * minutes }, async (last) => {
    const { status } = await workloads.cluster.get<{ status?: { phase?: string } }>('cluster.k3k.io', name, '-n', of);
    last(JSON.stringify(status));
    return status?.phase === wanted;
  });
}

/** In the directory from which K3s imports images, on the volume that the server will claim: there is no registry. */
async function innerImages() {
  const directory = imagesDirectory({ dataDir: volumeDirectory(storageClassName, 0) });
  return {
    [`${directory}/pause.tar`]: { from: await pauseImage() },
    [`${directory}/inner.tar`]: { from: await innerImage() },
  };
}

const innerPod = `apiVersion: v1
kind: Pod
metadata: { name: kept }
spec:
  nodeName: ${server}
  terminationGracePeriodSeconds: 1
  containers: [{ name: inner, image: ${innerImageName}, command: [sleep, infinity] }]
`;

const sharedCluster = () => `apiVersion: k3k.io/v1beta1
kind: Cluster
metadata: { name: shared, namespace: ${shared} }
spec:
  mode: shared
  version: ${version.replace('+', '-')}
  servers: 1
  persistence: { type: ephemeral }
  serverArgs: ['--disable=coredns', '--disable-helm-controller']
`;

function exec(of: string, pod: string, command: readonly string[]): Promise<string> {
  return workloads.cluster.kubectl(['exec', '-n', of, pod, '--', ...command], { timeoutMs: 5 * minutes });
}

function show(text: string): void {
  process.stdout.write(`${text.trim()}\n`);
}
