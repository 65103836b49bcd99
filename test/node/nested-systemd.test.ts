// A server of a K3sCluster as a unit of systemd: real systemd and K3s, the manifests and programs as they are, on this
// machine without a node.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { K3sCluster, K3sInit } from '../../src/k3s';
import { synth } from '../support/synth';
import { PodNetwork } from './harness/podNetwork';
import { k3sBinary } from './harness/prerequisites';
import { controlPlaneOnly, ServerPod } from './harness/serverPod';
import { Steps } from './harness/steps';
import { waitFor } from './harness/wait';

jest.setTimeout(10 * 60_000);

const manifests = synth(
  (chart) => {
    new K3sCluster(chart, 'it', {
      clusterName: 'dev',
      version: 'v1.36.2+k3s1',
      init: K3sInit.SYSTEMD,
      image: 'registry.example.org/node:1',
      server: { extraArgs: controlPlaneOnly },
    });
  },
  { namespace: 'team' },
);
const steps = new Steps('A server under systemd');
const directory = mkdtempSync(join(tmpdir(), 'nested-systemd-'));
const token = join(directory, 'token');
let network: PodNetwork;
let pod: ServerPod;

beforeAll(async () => {
  mkdirSync(token);
  for (const key of ['token', 'agent-token']) writeFileSync(join(token, key), `${key}-of-the-test`);
  writeFileSync(
    join(token, 'node'),
    JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'dev-server-0' } }),
  );
  network = await PodNetwork.create('k3sunit');
  pod = new ServerPod({ name: 'dev-server-0', directory, network, k3s: k3sBinary(), secrets: { 'dev-token': token } });
  await pod.start(manifests, '10.77.0.10');
  pod.knows({});
});

afterAll(async () => {
  steps.print();
  await pod?.stop('killed');
  await network?.remove();
  if (!process.env.CDK8S_SYSBOX_KEEP) rmSync(directory, { recursive: true });
});

const output = async (...command: string[]) => (await pod.exec(...command)).stdout.trim();

test('systemd is the first process, K3s its unit, and the pod ready when its API server is', async () => {
  await steps.step('started', () => pod.started());

  expect(await output('cat', '/proc/1/comm')).toBe('systemd');
  // K3s tells systemd a moment after its API server is ready
  const state = () => output('systemctl', 'is-active', 'k3s.service');
  await waitFor('active', { timeoutMs: 30_000 }, async () => (await state()) === 'active');
  expect(await output('systemctl', 'show', '-P', 'NRestarts', 'k3s.service')).toBe('0');
  expect(await pod.ready()).toBe(true);
  expect(await output('journalctl', '-u', 'k3s.service')).toContain('k3s is up and running');
});

test('K3s that died is started again, and its node is not drained for that', async () => {
  await pod.kubectl('create', '-f', '/etc/rancher/token/node');
  await pod.exec('systemctl', 'kill', '-s', 'KILL', 'k3s.service');

  await waitFor('not ready', { timeoutMs: 30_000, everyMs: 200 }, async () => !(await pod.ready()));
  await steps.step('ready after a crash', () => waitFor('ready', { timeoutMs: 120_000 }, () => pod.ready()));
  expect(await unschedulable()).toBe('');
});

test('a stop drains the node and ends K3s before systemd, and the next start opens the node', async () => {
  await steps.step('an orderly end', () => pod.stop('orderly'));

  await pod.start(manifests, '10.77.0.11');
  pod.knows({});
  expect(await waitFor('the API server', { timeoutMs: 120_000 }, unschedulable)).toBe('true');
  await pod.started();
  expect(await unschedulable()).toBe('');
});

const unschedulable = () => pod.kubectl('get', 'node', 'dev-server-0', '-o', 'jsonpath={.spec.unschedulable}');
