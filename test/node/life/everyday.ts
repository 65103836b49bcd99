// What happens to a node with the runtime by itself: a boot, another installer pod, a daemon that dies.
import { installerPods, minutes } from '../harness/installation';
import { workload } from '../harness/installed';
import { waitFor } from '../harness/wait';
import type { Life } from './life';

export function everydayLife(life: Life): void {
  life.chapter('a boot: system pods run again, the label stays, K3s is started once', async () => {
    const start = new Date();
    await life.step('boot to ssh', () => life.boot());
    await life.step('K3s Ready', () => life.cluster.nodeReady(life.node.name, start));
    expect((await life.installation.said()).label).toBe('running');
    await life.step('installer ready', () => life.installation.ready(start));
    const pod = await life.step('system pod runs', () => life.installation.deploymentPod(workload));
    await waitFor('its container is of this boot', minutes(10), async (last) => {
      const mounts = await life.cluster.exec(pod, ['cat', '/proc/1/mounts']);
      last(mounts);
      return /^sysboxfs \/proc\/uptime fuse/m.test(mounts);
    });
    expect(await life.installation.said()).toMatchObject({ label: 'running', stage: 'ready', tainted: false });
    expect(await life.node.starts('k3s')).toBe(1);
  });

  life.chapter('another installer pod restarts nothing', async () => {
    const invocation = await life.node.invocationId('k3s');
    const since = new Date();
    await life.cluster.kubectl(['delete', ...installerPods, '--wait=true'], { timeoutMs: 5 * 60_000 });
    await life.step('another installer pod is ready', () => life.installation.ready(since));
    expect(await life.node.invocationId('k3s')).toBe(invocation);
  });

  life.chapter('a dead daemon under a system pod is reported, and started again when the pod is gone', async () => {
    const invocation = await life.node.invocationId('k3s');
    const pod = await life.installation.deploymentPod(workload);
    await life.node.run('systemctl kill -s KILL sysbox-fs');
    await life.step('daemon killed to taint', () => life.installation.says('tainted', ({ tainted }) => tainted));
    await life.step('to ready again', () =>
      life.installation.says('ready', ({ stage, tainted }) => stage === 'ready' && !tainted),
    );
    expect(await life.installation.events()).toContain('DaemonsDead');
    expect(await life.node.run('systemctl is-active sysbox-mgr sysbox-fs')).toBe('active\nactive');
    await life.step('to another system pod', () => life.installation.deploymentPod(workload, [pod]));
    await life.installation.ready();
    expect(await life.node.invocationId('k3s')).toBe(invocation);
  });
}
