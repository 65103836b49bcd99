import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, eventually, startApiServer } from '../cluster/api-server';
import { buildTimeout } from '../cluster/build';
import { KubeObject } from '../cluster/client';
import { manifestText } from './manifests';
import { installerPod, nodePath, PodEnvironment } from './pod';
import { inPod, podShells, ShellResult } from './pod-shell';
import { UnreliableNetwork } from './unreliable';

jest.setTimeout(120_000);

const theirs = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };
const ours = { key: 'sysbox-runtime', value: 'not-running', effect: 'NoSchedule' };

describe.each(podShells)('under %s, with the real token, rights and policy of the product,', (name, shell) => {
  let server: ApiServer;
  let network: UnreliableNetwork;
  let pod: PodEnvironment;
  const directory = mkdtempSync(join(tmpdir(), 'report-'));
  const node = `node-${name.replace(/\W+/g, '-')}`;
  const run = (script: string, env?: Record<string, string>): Promise<ShellResult> => inPod(shell, pod, script, env);
  const object = (): Promise<KubeObject> => server.get(nodePath(node));

  beforeAll(async () => {
    server = await startApiServer({ minor: '1.37' });
    await server.apply(manifestText);
    network = await UnreliableNetwork.before(server.url);
    pod = await installerPod(server, node, directory, network.url);
    await server.patch(nodePath(node), {
      metadata: { labels: { theirs: 'kept' }, annotations: { theirs: 'kept' } },
      spec: { taints: [theirs] },
    });
    await eventually(async () => expect((await run('annotate staged "" ""')).status).toBe(0));
  }, buildTimeout);
  afterAll(async () => {
    await network?.stop();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => (network.weather = 'fair'));

  test('the token is neither an argument of a process nor on the disk', async () => {
    const { stdout } = await run('api GET /version | jq -r .major; grep -rlF "$(cat "$SCRATCH/token")" "$SCRATCH"');
    expect(stdout).toBe(`1\n${pod.SCRATCH}/token`);
    const seen = await run(`curl() { echo "$*" >&2; echo 200; }; api GET /version`);
    expect(seen.stderr).toMatch(/--config - /);
    expect(seen.stderr).not.toContain(readFileSync(join(pod.SERVICE_ACCOUNT_DIR, 'token'), 'utf8').slice(0, 40));
  });

  test('a request that failed has a code, a reason and no answer', async () => {
    await run('own_node');
    const refused = await run('api GET /api/v1/secrets || echo "failed with $(code): $(refusal)"');
    expect(refused.stdout).toMatch(/^failed with 403: secrets is forbidden/);
    network.weather = 'outage';
    expect((await run('api GET /version || echo "failed with $(code)"')).stdout).toBe('failed with 000');
    network.weather = 'answers-lost';
    expect((await run('api GET /version || echo "failed with $(code)"')).stdout).toBe('failed with 000');
  });

  test('an IPv6 address of the API server is in brackets', async () => {
    const without = { ...pod, API_URL: '' };
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    expect((await inPod(shell, without, 'echo "$API"', env)).stdout).toBe('https://[fd00::1]:443');
  });

  test('annotations say stage, revision, reason and message, and are written once', async () => {
    const message = `a "quoted" \\ line\nand another`;
    await run('annotate failed Kernel "$MESSAGE"', { MESSAGE: message });
    expect((await object()).metadata.annotations).toEqual({
      theirs: 'kept',
      'cdk8s-sysbox.io/stage': 'failed',
      'cdk8s-sysbox.io/revision': 'revision-a',
      'cdk8s-sysbox.io/reason': 'Kernel',
      'cdk8s-sysbox.io/message': message,
    });
    const before = network.connections;
    await run('annotate failed Kernel "$MESSAGE"', { MESSAGE: message });
    expect(network.connections).toBe(before);
    await run('annotate ready "" ""');
    expect((await object()).metadata.annotations).toEqual({
      theirs: 'kept',
      'cdk8s-sysbox.io/stage': 'ready',
      'cdk8s-sysbox.io/revision': 'revision-a',
    });
  });

  test('annotations that somebody removed are written again on demand', async () => {
    await run('annotate ready "" ""');
    await server.patch(nodePath(node), { metadata: { annotations: { 'cdk8s-sysbox.io/stage': null } } });
    await run('annotate_always ready "" ""');
    expect((await object()).metadata.annotations).toMatchObject({ 'cdk8s-sysbox.io/stage': 'ready' });
  });

  test('an Event on the node is what kubectl describe finds, and is written once', async () => {
    const script = 'event Warning Kernel "kernel 6.1 is older than 6.3"';
    await run(script);
    await run(script);
    const events = await server.list('/api/v1/namespaces/default/events', {
      fieldSelector: `involvedObject.name=${node},involvedObject.uid=${node}`,
    });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      type: 'Warning',
      reason: 'Kernel',
      message: 'kernel 6.1 is older than 6.3',
      involvedObject: { kind: 'Node', name: node },
      source: { component: 'cdk8s-sysbox' },
    });
  });

  test('the label is set and removed', async () => {
    await run('label running');
    expect((await object()).metadata.labels).toEqual({ theirs: 'kept', 'sysbox-runtime': 'running' });
    await run('label ""');
    expect((await object()).metadata.labels).toEqual({ theirs: 'kept' });
  });

  test('what the policy refuses is said, and fails', async () => {
    const { stdout } = await run('label broken || echo refused');
    expect(stdout).toMatch(/the node was not changed \(403\): .*may set sysbox-runtime to running only\nrefused$/);
  });

  test('the taint comes and goes, and those of others stay', async () => {
    expect((await run('taint on')).status).toBe(0);
    expect((await object()).spec.taints).toEqual([theirs, ours]);
    const before = network.connections;
    await run('taint on');
    expect(network.connections - before).toBe(1);
    await run('taint off');
    expect((await object()).spec.taints).toEqual([theirs]);
    await server.patch(nodePath(node), { spec: { taints: null } });
    await run('taint on && taint off');
    expect((await object()).spec.taints).toBeUndefined();
    await server.patch(nodePath(node), { spec: { taints: [theirs] } });
  });

  test('the startup taint that a node pool put there goes, wherever it is in the list', async () => {
    await server.patch(nodePath(node), { spec: { taints: [ours, theirs] } });
    await run('taint off');
    expect((await object()).spec.taints).toEqual([theirs]);
  });

  test('a taint that somebody adds in the same moment is not lost', async () => {
    const added = { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' };
    // Between the look and the patch: the first patch conflicts.
    const script = `
      patch_node() {
        if [ ! -e "$SCRATCH/once" ]; then : >"$SCRATCH/once"; : >"$SCRATCH/looked"; while [ ! -e "$SCRATCH/added" ]; do sleep 0.1; done; fi
        api PATCH "/api/v1/nodes/$NODE_NAME" application/merge-patch+json "$1" >/dev/null || { echo "refused with $(code)"; return 1; }
      }
      rm -f "$SCRATCH/once" "$SCRATCH/looked" "$SCRATCH/added"; taint on`;
    const done = run(script);
    await eventually(async () => readFileSync(join(pod.SCRATCH, 'looked')));
    await server.patch(nodePath(node), { spec: { taints: [theirs, added] } });
    await run(': >"$SCRATCH/added"');
    expect(await done).toMatchObject({ status: 0, stdout: 'refused with 409' });
    expect((await object()).spec.taints).toEqual([theirs, added, ours]);
    await run('taint off');
    expect((await object()).spec.taints).toEqual([theirs, added]);
    await server.patch(nodePath(node), { spec: { taints: [theirs] } });
  });

  test('through an outage, the taint is put on when the server is back', async () => {
    network.weather = 'outage';
    const done = run('taint on && echo tainted');
    await new Promise((resolve) => setTimeout(resolve, 700));
    network.weather = 'fair';
    expect((await done).stdout).toBe('tainted');
    await run('taint off');
  });

  test('a server that never answers is given up in time', async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address() as { port: number };
    const started = Date.now();
    const env = { API_URL: `https://127.0.0.1:${address.port}` };
    // The 20 seconds of api.sh, shortened.
    const { stdout } = await run(
      'curl() { command curl "$@" --max-time 1; }; own_node || echo "given up with $(code)"',
      env,
    );
    expect(stdout).toBe('given up with 000');
    expect(Date.now() - started).toBeLessThan(15_000);
    mute.close();
  });
});
