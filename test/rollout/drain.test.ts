import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, eventually, startApiServer } from '../cluster/api-server';
import { buildTimeout } from '../cluster/build';
import { KubeObject } from '../cluster/client';
import { manifestText } from './manifests';
import { installerPod, nodePath, PodEnvironment } from './pod';
import { inPod, podShells } from './pod-shell';
import { UnreliableNetwork } from './unreliable';

jest.setTimeout(120_000);

const owner = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: 'builds',
  uid: '00000000-0000-0000-0000-000000000001',
  controller: true,
};

describe.each(podShells)('a drain under %s, with the real token and rights of the product,', (name, shell) => {
  let server: ApiServer;
  let network: UnreliableNetwork;
  let pod: PodEnvironment;
  const directory = mkdtempSync(join(tmpdir(), 'drain-'));
  const node = `node-${name.replace(/\W+/g, '-')}`;
  const script = 'if drain; then echo drained; else echo "$DRAIN_ERROR"; fi';
  const drain = async (seconds = 3) =>
    (await inPod(shell, pod, script, { DRAIN_TIMEOUT: String(seconds) })).stdout.split('\n').pop();

  beforeAll(async () => {
    server = await startApiServer({ minor: '1.37' });
    await server.apply(manifestText);
    await server.createNamespace('team');
    network = await UnreliableNetwork.before(server.url);
    pod = await installerPod(server, node, directory, network.url);
    await server.createNode('elsewhere');
    // The server adds a taint of its own to a new node.
    await server.patch(nodePath(node), { spec: { taints: null } });
    await eventually(async () => expect(await drain()).toBe('drained'));
  }, buildTimeout);
  afterAll(async () => {
    await network?.stop();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(async () => {
    network.weather = 'fair';
    for (const { metadata } of await server.list('/api/v1/namespaces/team/pods')) await remove(metadata.name);
    for (const { metadata } of await server.list('/apis/policy/v1/namespaces/team/poddisruptionbudgets'))
      await server.delete(`/apis/policy/v1/namespaces/team/poddisruptionbudgets/${metadata.name}`);
  });

  const path = (podName: string) => `/api/v1/namespaces/team/pods/${podName}`;
  const exists = async (podName: string) =>
    (await server.list('/api/v1/namespaces/team/pods')).some(
      ({ metadata }) => metadata.name === podName && !metadata.deletionTimestamp,
    );
  /** No kubelet runs that would end it. */
  const remove = (podName: string) => server.delete(path(podName), { gracePeriodSeconds: '0' });
  async function make(podName: string, options: { on?: string; spec?: KubeObject; metadata?: KubeObject } = {}) {
    await server.create('/api/v1/namespaces/team/pods', {
      metadata: { name: podName, labels: { app: podName }, ownerReferences: [owner], ...options.metadata },
      spec: {
        nodeName: options.on ?? node,
        runtimeClassName: 'sysbox-runc',
        containers: [{ name: 'main', image: 'main:1' }],
        terminationGracePeriodSeconds: 0,
        ...options.spec,
      },
    });
    await server.patch(
      `${path(podName)}/status`,
      { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
      'strategic',
    );
  }

  test('evicts system pods and nothing else, and leaves the taint', async () => {
    await make('system');
    await make('plain', { spec: { runtimeClassName: undefined } });
    await make('over-there', { on: 'elsewhere' });
    expect(await drain()).toBe('drained');
    expect(await exists('system')).toBe(false);
    expect(await exists('plain')).toBe(true);
    expect(await exists('over-there')).toBe(true);
    expect((await server.get(nodePath(node))).spec.taints).toEqual([
      { key: 'sysbox-runtime', value: 'not-running', effect: 'NoSchedule' },
    ]);
  });

  test('evicts pods of every class with our handler, even if the class is gone', async () => {
    const classes = '/apis/node.k8s.io/v1/runtimeclasses';
    await server.create(classes, { metadata: { name: 'big' }, handler: 'sysbox-runc' });
    await server.create(classes, { metadata: { name: 'kata' }, handler: 'kata' });
    await make('of-another-class', { spec: { runtimeClassName: 'big' } });
    await make('of-another-runtime', { spec: { runtimeClassName: 'kata' } });
    await make('system');
    const ours = await server.get(`${classes}/sysbox-runc`);
    await server.delete(`${classes}/sysbox-runc`);
    try {
      expect(await drain()).toBe('drained');
      expect(await exists('of-another-class')).toBe(false);
      expect(await exists('system')).toBe(false);
      expect(await exists('of-another-runtime')).toBe(true);
    } finally {
      await server.create(classes, { metadata: { name: 'sysbox-runc' }, handler: ours.handler });
      for (const name of ['big', 'kata']) await server.delete(`${classes}/${name}`);
    }
  });

  test('does not wait for pods that ended', async () => {
    await make('ended');
    await server.patch(`${path('ended')}/status`, { status: { phase: 'Succeeded' } }, 'strategic');
    expect(await drain()).toBe('drained');
    expect(await exists('ended')).toBe(true);
  });

  test('waits for a pod that takes its time to end', async () => {
    await make('slow', { spec: { terminationGracePeriodSeconds: 300 } });
    expect(await drain(2)).toBe('still running after 2 s: team/slow');
    const drained = drain(20);
    setTimeout(() => void remove('slow'), 1000);
    expect(await drained).toBe('drained');
  });

  test('evicts nothing while a pod without a controller is there, and names it', async () => {
    await make('bare', { metadata: { ownerReferences: [{ ...owner, controller: false }] } });
    await make('owned');
    const message = 'nothing would create these pods again, delete them: team/bare. No other pod was evicted';
    for (let attempt = 0; attempt < 3; attempt++) expect(await drain(2)).toBe(message);
    expect(await exists('bare')).toBe(true);
    expect(await exists('owned')).toBe(true);
    await remove('bare');
    expect(await drain()).toBe('drained');
  });

  describe('with a PodDisruptionBudget', () => {
    const budgets = '/apis/policy/v1/namespaces/team/poddisruptionbudgets';
    // The disruption controller, which does not run here, would write this.
    const allow = (disruptionsAllowed: number) =>
      server.patch(`${budgets}/guarded/status`, {
        status: { observedGeneration: 1, disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
      });
    beforeEach(async () => {
      await make('guarded');
      await make('neighbour');
      await server.create(budgets, {
        metadata: { name: 'guarded' },
        spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
      });
    });

    test('that allows no disruption, retries without evicting anything until it allows one', async () => {
      await allow(0);
      for (let attempt = 0; attempt < 3; attempt++) {
        expect(await drain(2)).toBe(
          "no pod was evicted, since not all can go: team/guarded: Cannot evict pod as it would violate the pod's disruption budget." +
            ' The disruption budget guarded needs 1 healthy pods and has 1 currently',
        );
      }
      expect(await exists('neighbour')).toBe(true);
      await allow(1);
      expect(await drain(20)).toBe('drained');
    });

    test('that allowed it at first and no longer does, waits for it', async () => {
      await allow(1);
      await server.patch(path('guarded'), { metadata: { finalizers: ['example.com/held'] } });
      const drained = drain(20);
      await eventually(async () => expect(await exists('neighbour')).toBe(false));
      await server.patch(path('guarded'), { metadata: { finalizers: null } });
      await remove('guarded').catch(() => undefined);
      expect(await drained).toBe('drained');
    });
  });

  test('does not evict another pod of the same name', async () => {
    await make('renewed');
    const script =
      'system_pods; sed "s/ [0-9a-f-]\\{36\\} / 00000000-0000-0000-0000-000000000009 /" "$SCRATCH/system-pods" >"$SCRATCH/s"; mv "$SCRATCH/s" "$SCRATCH/system-pods"; evict ""; cat "$SCRATCH/refused"';
    expect((await inPod(shell, pod, script)).stdout).toMatch(/^team\/renewed: .*(UID|precondition)/);
    expect(await exists('renewed')).toBe(true);
  });

  test('reads its pods in pages', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, i) => make(`many-${i}`)));
    const { stdout } = await inPod(
      shell,
      pod,
      'system_pods; wc -l <"$SCRATCH/system-pods"; jq ".items | length" "$SCRATCH/page"',
    );
    // With the pod that holds the token.
    expect(stdout.split('\n').map(Number)).toEqual([60, 11]);
  });

  test('does not mistake a failed request for an empty node', async () => {
    await make('system');
    const drained = drain(30);
    network.weather = 'outage';
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await exists('system')).toBe(true);
    network.weather = 'fair';
    expect(await drained).toBe('drained');
    expect(await exists('system')).toBe(false);
  });

  test('gives up in time when the API server remains unavailable', async () => {
    await make('system');
    const script = 'taint() { :; }; if drain; then echo drained; else echo "$DRAIN_ERROR"; fi';
    network.weather = 'outage';
    const { stdout } = await inPod(shell, pod, script, { DRAIN_TIMEOUT: '2' });
    expect(stdout).toMatch(/^the API server does not answer/);
  });
});
