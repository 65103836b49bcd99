// Three servers of a K3sCluster share an etcd, and their pods come back with other addresses: real K3s, the manifests and
// programs as they are, on this machine without a node. What is left out is what needs one: kubelet, flannel, user namespace.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { K3sCluster } from '../../src/k3s';
import { type Manifest, synth } from '../support/synth';
import { PodNetwork } from './harness/podNetwork';
import { k3sBinary } from './harness/prerequisites';
import { controlPlaneOnly, ServerPod } from './harness/serverPod';
import { Steps } from './harness/steps';
import { waitFor } from './harness/wait';

jest.setTimeout(15 * 60_000);

/** The manifests of a cluster of so many servers. */
const cluster = (servers: number): Manifest[] =>
  synth(
    (chart) => {
      const server = { extraArgs: controlPlaneOnly };
      new K3sCluster(chart, 'it', { clusterName: 'dev', version: 'v1.36.2+k3s1', servers, server });
    },
    { namespace: 'team' },
  );

interface Member {
  readonly ID: string;
  readonly name: string;
  readonly peerURLs: string[];
  readonly isLearner?: boolean;
}

const steps = new Steps('Three servers, one etcd');
const directory = mkdtempSync(join(tmpdir(), 'nested-etcd-'));
const secret = (name: string) => join(directory, name);
const manifests = cluster(3);
const nameUrls = [0, 1, 2].map((i) => `https://dev-server-${i}.team.svc:2380`);
let network: PodNetwork;
let pods: ServerPod[];
let used = 10;
const newAddress = () => `10.77.0.${used++}`;

beforeAll(async () => {
  const secrets = { 'dev-token': secret('token'), 'dev-kubeconfig': secret('kubeconfig') };
  for (const path of Object.values(secrets)) mkdirSync(path);
  for (const key of ['token', 'agent-token']) writeFileSync(join(secret('token'), key), `${key}-of-the-test`);
  network = await PodNetwork.create('k3setcd');
  const names = [0, 1, 2].map((i) => `dev-server-${i}`);
  pods = names.map((name) => new ServerPod({ name, directory, network, k3s: k3sBinary(), secrets }));
});

afterAll(async () => {
  steps.print();
  for (const pod of pods ?? []) await pod.stop('killed');
  await network?.remove();
  if (!process.env.CDK8S_SYSBOX_KEEP) rmSync(directory, { recursive: true });
});

const pod = (i: number) => pods[i]!;
const all = [0, 1, 2];

/** The Services: each server by its name, and the API server at those that are ready. */
function serve(ready: number[]): void {
  const names = Object.fromEntries(pods.map((it) => [`${it.name}.team.svc`, [it.address]]));
  for (const it of pods) it.knows({ ...names, 'dev.team.svc': ready.map((i) => pod(i).address) });
}

/** Starts pods at new addresses, all together, and waits for them; those in `ready` are so already. */
async function start(which: number[], ready: number[] = []): Promise<void> {
  for (const i of which) await pod(i).start(manifests, newAddress());
  serve(ready);
  const up = [...ready];
  const started = async (i: number) => {
    await pod(i).started();
    up.push(i);
    serve(up);
  };
  await Promise.all(which.map(started));
}

async function members(asked: number): Promise<Member[]> {
  const tls = '/var/lib/rancher/k3s/server/tls/etcd';
  const client = ['--certificate-authority', `${tls}/server-ca.crt`, '--client-certificate', `${tls}/client.crt`];
  const request = 'echo "{}" | kubectl --kubeconfig /dev/null "$@" create --raw /v3/cluster/member/list -f -';
  const options = ['--server', 'https://127.0.0.1:2382', ...client, '--client-key', `${tls}/client.key`];
  const { code, stdout, stderr } = await pod(asked).exec('sh', '-c', request, 'members', ...options);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout).members;
}

async function membersAgree(asked: number): Promise<Member[]> {
  const found = (await members(asked)).sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(found.map(({ peerURLs }) => peerURLs)).toEqual(nameUrls.map((url) => [url]));
  expect(found.filter(({ isLearner }) => isLearner)).toEqual([]);
  return found;
}

const write = (i: number, name: string) =>
  pod(i).kubectl('create', 'configmap', name, '-n', 'default', '--from-literal=a=b');
const written = async (i: number) =>
  (await pod(i).kubectl('get', 'configmaps', '-n', 'default', '-o', 'name')).trim().split('\n').sort();

/** What the publisher does, and the kubelet with its Secret. */
function publish(): void {
  const kubeconfig = readFileSync(join(pod(0).path('k3s-kubeconfig'), 'k3s.yaml'), 'utf8');
  writeFileSync(
    join(secret('kubeconfig'), 'kubeconfig.yaml'),
    kubeconfig.replace('127.0.0.1:6443', 'dev.team.svc:6443'),
  );
}

test('one server becomes three, and takes its data along', async () => {
  await pod(0).start(cluster(1), newAddress());
  serve([]);
  await steps.step('one server, SQLite', () => pod(0).started());
  await write(0, 'of-sqlite');
  publish();

  // a StatefulSet makes the new pods first, and renews the old one when they are ready
  const rest = start([1, 2], [0]);
  await waitFor('the new ones say what they wait for', { timeoutMs: 60_000 }, async () =>
    [1, 2].every((i) => pod(i).log().includes('dev-server-0 still has its data in SQLite: delete its pod')),
  );
  await steps.step('three servers, the first with the data of SQLite', async () => {
    await pod(0).stop('orderly');
    await Promise.all([start([0]), rest]);
  });

  await membersAgree(2);
  expect(await written(2)).toEqual(['configmap/of-sqlite']);
  const files = readdirSync(join(pod(0).path('data'), 'k3s/server/db'));
  expect(files).toContain('state.db.migrated');
  expect(files).not.toContain('state.db');
});

test('a server that comes back with another address is the same member, and nothing stops meanwhile', async () => {
  const before = await membersAgree(0);
  await steps.step('a server ends in its own time', () => pod(1).stop('orderly'));
  await write(0, 'while-one-is-away');

  // left alone, K3s waits for the address by which it had registered itself
  await pod(1).start(manifests, newAddress());
  serve([0, 2]);
  await waitFor('K3s waits', { timeoutMs: 120_000 }, async () =>
    pod(1).log().includes('this server is not a member of the etcd cluster'),
  );
  expect(await pod(1).ready()).toBe(false);
  await steps.step('it comes back with another address', () => pod(1).started());
  serve(all);

  expect(await membersAgree(1)).toEqual(before.map((it) => expect.objectContaining({ ID: it.ID, name: it.name })));
  expect(await written(1)).toContain('configmap/while-one-is-away');
});

test('a server without a majority is not ready', async () => {
  expect(await pod(0).ready()).toBe(true);
  await Promise.all([1, 2].map((i) => pod(i).stop('killed')));

  await waitFor('not ready', { timeoutMs: 60_000 }, async () => !(await pod(0).ready()));
  // K3s ends when it could not renew its leases for a while, and its container starts again
  await steps.step('the others come back', () => Promise.all([start([1, 2]), pod(0).started()]));
  serve(all);
});

test('all are killed together and come back, each with another address', async () => {
  const before = await membersAgree(0);
  await Promise.all(all.map((i) => pod(i).stop('killed')));

  await steps.step('all come back with other addresses', () => start(all));

  expect(await membersAgree(1)).toEqual(before.map((it) => expect.objectContaining({ ID: it.ID, name: it.name })));
  expect(await written(2)).toEqual(['configmap/of-sqlite', 'configmap/while-one-is-away']);
});

test('the first server lost its claim: it joins the others as a new member, and makes no cluster of its own', async () => {
  // the kubelet makes these
  for (const { name } of pods) await pod(1).kubectl('create', '-f', nodeFile(name));
  await waitFor('K3s knows the member of the node', { timeoutMs: 60_000 }, async () =>
    (await pod(1).kubectl('get', 'node', 'dev-server-0', '-o', 'jsonpath={.metadata.annotations}')).includes(
      'node-address',
    ),
  );
  publish();
  const [lost, ...others] = await membersAgree(1);
  await pod(0).stop('killed');
  pod(0).loseClaim();

  await steps.step('a server comes back without its data', () => start([0], [1, 2]));

  const [fresh, ...same] = await membersAgree(0);
  expect(same.map(({ ID }) => ID)).toEqual(others.map(({ ID }) => ID));
  expect(fresh!.ID).not.toBe(lost!.ID);
  expect(await written(0)).toEqual(['configmap/of-sqlite', 'configmap/while-one-is-away']);
});

test('a node that is deleted while its server runs leaves the member where it is', async () => {
  await pod(1).kubectl('delete', 'node', 'dev-server-2');

  await membersAgree(2);
  expect(await pod(2).ready()).toBe(true);
});

/** A file that all pods see, with a node as a kubelet would register it. */
function nodeFile(name: string): string {
  const metadata = { name, annotations: { by: 'test' }, labels: { by: 'test' } };
  writeFileSync(join(secret('token'), name), JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata }));
  return `/etc/rancher/token/${name}`;
}
