// The life of a runtime on a K3s server: boots, second looks, a dead daemon, upgrades of Sysbox and of K3s, and an uninstall
// that leaves nothing. One node lives through all of it, in this order.
import { SysboxSource, type SysboxInstallationProps } from '../../src';
import { containerdRuntimes } from './harness/containerd';
import { diagnose } from './harness/diagnosis';
import { installerImage } from './harness/images';
import { Installation, installerPods, minutes } from './harness/installation';
import { installed, workload } from './harness/installed';
import { Cluster } from './harness/kubectl';
import { nextK3s, nextRelease } from './harness/nextRelease';
import type { Node } from './harness/node';
import { platform, serverNode } from './harness/platform';
import { distImages } from './harness/manifests';
import { difference, snapshot, type Snapshot } from './harness/snapshot';
import { Steps } from './harness/steps';
import { waitFor } from './harness/wait';

jest.setTimeout(90 * 60_000);

const CONFIG = '/var/lib/rancher/k3s/agent/etc/containerd';
const NEXT_IMAGE = 'registry.nestybox.com/nestybox/sysbox-deploy-k8s:v0.7.2-0';
const next: SysboxInstallationProps = { source: SysboxSource.image(NEXT_IMAGE) };

const steps = new Steps('The life of a runtime on a K3s server');
let node: Node;
let cluster: Cluster;
let installation: Installation;
let before: Snapshot;
/** Since the node's last boot; every test adds what it is allowed to. */
let starts = 1;

/** A test of which the node's state is printed when it fails. */
function chapter(name: string, act: () => Promise<void>): void {
  test(name, async () => {
    try {
      await act();
    } catch (error) {
      process.stdout.write(await diagnose(node, cluster));
      throw error;
    }
  });
}

const k3sStarts = () => node.starts('k3s');

beforeAll(async () => {
  const built = await platform(distImages());
  const made = await steps.step('node with the runtime built or found in the cache', () => installed(built));
  before = made.before;
  const image = await installerImage(NEXT_IMAGE, await nextRelease(built.sysboxDir));
  node = await serverNode({ ...built, disk: made.disk }, { files: { '/var/tmp/next.tar': { from: image } } });
});

afterAll(async () => {
  steps.print();
  await node?.dispose();
});

chapter('a boot: system pods run again, the label stays, K3s is started once', async () => {
  const start = new Date();
  await steps.step('boot to ssh', () => node.boot());
  cluster = await Cluster.of(node);
  installation = new Installation(node, cluster);
  await steps.step('K3s Ready', () => cluster.nodeReady(node.name, start));
  expect((await installation.said()).label).toBe('running');
  await steps.step('installer ready', () => installation.ready(start));
  const pod = await steps.step('system pod runs', () => installation.deploymentPod(workload));
  await waitFor('its container is of this boot', minutes(10), async (last) => {
    const mounts = await cluster.exec(pod, ['cat', '/proc/1/mounts']);
    last(mounts);
    return /^sysboxfs \/proc\/uptime fuse/m.test(mounts);
  });
  expect(await installation.said()).toMatchObject({ label: 'running', stage: 'ready', tainted: false });
  expect(await k3sStarts()).toBe(starts);
});

chapter('another installer pod restarts nothing', async () => {
  const invocation = await node.invocationId('k3s');
  const since = new Date();
  await cluster.kubectl(['delete', ...installerPods, '--wait=true'], { timeoutMs: 5 * 60_000 });
  await steps.step('another installer pod is ready', () => installation.ready(since));
  expect(await node.invocationId('k3s')).toBe(invocation);
});

chapter('a dead daemon under a system pod is told, and started again when the pod is gone', async () => {
  const invocation = await node.invocationId('k3s');
  const pod = await installation.deploymentPod(workload);
  await node.run('systemctl kill -s KILL sysbox-fs');
  await steps.step('daemon killed to taint', () => installation.says('tainted', ({ tainted }) => tainted));
  await steps.step('to ready again', () =>
    installation.says('ready', ({ stage, tainted }) => stage === 'ready' && !tainted),
  );
  expect(await installation.events()).toContain('DaemonsDead');
  expect(await node.run('systemctl is-active sysbox-mgr sysbox-fs')).toBe('active\nactive');
  await steps.step('to another system pod', () => installation.deploymentPod(workload, [pod]));
  await installation.ready();
  expect(await node.invocationId('k3s')).toBe(invocation);
});

chapter('a Sysbox upgrade drains the node, switches, and needs no restart of K3s', async () => {
  const pod = await installation.deploymentPod(workload);
  const [release, invocation] = [await node.run('readlink /opt/sysbox/current'), await node.invocationId('k3s')];
  await steps.step('image of the next release imported', () =>
    node.run('k3s ctr -n k8s.io images import /var/tmp/next.tar', { timeoutMs: 20 * 60_000 }),
  );
  await installation.apply(next);
  await steps.step('Sysbox upgraded', () => installation.ready());
  expect(await node.run('readlink /opt/sysbox/current')).not.toBe(release);
  const running = `readlink /proc/$(systemctl show -p MainPID --value sysbox-mgr)/exe`;
  expect(await node.run(running)).toContain(await node.run('readlink /opt/sysbox/current'));
  await steps.step('to another system pod', () => installation.deploymentPod(workload, [pod]));
  expect((await installation.said()).tainted).toBe(false);
  expect(await node.invocationId('k3s')).toBe(invocation);
});

chapter('a K3s upgrade that renders another version moves the drop-in with one restart', async () => {
  const k3s = nextK3s();
  if (k3s) {
    await node.run('cp -a /usr/local/bin/k3s /var/tmp/k3s-before');
    await node.put('/var/tmp/k3s-next', { from: k3s, mode: 0o755 });
    await node.run('mv /var/tmp/k3s-next /usr/local/bin/k3s');
  }
  // The name of a template decides which base K3s renders: this one that of version 2.
  await node.put(`${CONFIG}/config.toml.tmpl`, { content: '{{ template "base" . }}\n' });
  const since = new Date();
  await steps.step(`K3s ${k3s ? 'replaced' : 'restarted'}, renders version 2`, async () => {
    await node.run('systemctl restart k3s', { timeoutMs: 10 * 60_000 });
    await cluster.nodeReady(node.name, since);
  });
  expect(await node.run(`sed -n 's/^version = //p' ${CONFIG}/config.toml`)).toBe('2');
  expect(await containerdRuntimes(node)).not.toHaveProperty('sysbox-runc');
  await steps.step('drop-in of version 2 written', () =>
    waitFor('the other drop-in', minutes(15), () => node.run(`cat ${CONFIG}/config.toml.d/cdk8s-sysbox.toml`)),
  );
  await steps.step('to ready again', () => installation.ready());
  expect(await node.run(`find ${CONFIG} -name 'cdk8s-sysbox.toml'`)).toBe(`${CONFIG}/config.toml.d/cdk8s-sysbox.toml`);
  expect((await containerdRuntimes(node))['sysbox-runc']).toMatchObject({ options: { SystemdCgroup: true } });
  expect(await k3sStarts()).toBe((starts += 2)); // the upgrade's and ours
  const pod = await installation.deploymentPod(workload);
  await cluster.kubectl(['delete', 'pod', pod, '--wait=true']);
  await steps.step('a new system pod', () => installation.deploymentPod(workload, [pod]));
});

chapter('an uninstall leaves files, units and the node as they were', async () => {
  await node.run(
    `rm ${CONFIG}/config.toml.tmpl; [ ! -e /var/tmp/k3s-before ] || mv /var/tmp/k3s-before /usr/local/bin/k3s`,
  );
  const since = new Date();
  await installation.apply({ ...next, uninstall: true });
  await steps.step('uninstalled', () =>
    installation.says('nothing', ({ stage, label, tainted }) => !stage && !label && !tainted, minutes(30)),
  );
  await cluster.nodeReady(node.name, since);
  expect(await k3sStarts()).toBe((starts += 1));
  expect(await containerdRuntimes(node)).not.toHaveProperty('sysbox-runc');
  const after = await steps.step('files and units compared', () => snapshot(node));
  expect(difference(before, after)).toEqual({ added: [], removed: [], changed: [] });
});
