// What happens to a node with the runtime by itself: a boot, another installer pod, a daemon that dies.
import { installerPods, minutes } from '../harness/installation';
import { workload } from '../harness/installed';
import { waitFor } from '../harness/wait';
import type { Lifecycle } from './lifecycle';

export function everyday(lifecycle: Lifecycle): void {
  lifecycle.chapter('a boot: system pods run again, the label stays, K3s is started once', async () => {
    const start = new Date();
    await lifecycle.step('boot to ssh', () => lifecycle.boot());
    await lifecycle.step('K3s Ready', () => lifecycle.cluster.nodeReady(lifecycle.node.name, start));
    expect((await lifecycle.installation.said()).label).toBe('running');
    await lifecycle.step('installer ready', () => lifecycle.installation.ready(start));
    const pod = await lifecycle.step('system pod runs', () => lifecycle.installation.deploymentPod(workload));
    await waitFor('its container is of this boot', minutes(10), async (last) => {
      const mounts = await lifecycle.cluster.exec(pod, ['cat', '/proc/1/mounts']);
      last(mounts);
      return /^sysboxfs \/proc\/uptime fuse/m.test(mounts);
    });
    expect(await lifecycle.installation.said()).toMatchObject({ label: 'running', stage: 'ready', tainted: false });
    expect(await lifecycle.node.starts('k3s')).toBe(1);
  });

  lifecycle.chapter('another installer pod restarts nothing', async () => {
    const invocation = await lifecycle.node.invocationId('k3s');
    const since = new Date();
    await lifecycle.cluster.kubectl(['delete', ...installerPods, '--wait=true'], { timeoutMs: 5 * 60_000 });
    await lifecycle.step('another installer pod is ready', () => lifecycle.installation.ready(since));
    expect(await lifecycle.node.invocationId('k3s')).toBe(invocation);
  });

  lifecycle.chapter(
    'a dead daemon under a system pod is reported, and started again when the pod is gone',
    async () => {
      const invocation = await lifecycle.node.invocationId('k3s');
      const pod = await lifecycle.installation.deploymentPod(workload);
      await lifecycle.node.run('systemctl kill -s KILL sysbox-fs');
      await lifecycle.step('daemon killed to taint', () =>
        lifecycle.installation.says('tainted', ({ tainted }) => tainted),
      );
      await lifecycle.step('to ready again', () =>
        lifecycle.installation.says('ready', ({ stage, tainted }) => stage === 'ready' && !tainted),
      );
      expect(await lifecycle.installation.events()).toContain('DaemonsDead');
      expect(await lifecycle.node.run('systemctl is-active sysbox-mgr sysbox-fs')).toBe('active\nactive');
      await lifecycle.step('to another system pod', () => lifecycle.installation.deploymentPod(workload, [pod]));
      await lifecycle.installation.ready();
      expect(await lifecycle.node.invocationId('k3s')).toBe(invocation);
    },
  );
}
