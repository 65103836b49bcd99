// Upgrades under running system pods: of Sysbox, and of K3s to one that renders another version of containerd's configuration.
import { SysboxSource } from '../../../src';
import { containerdRuntimes } from '../harness/containerd';
import { minutes } from '../harness/installation';
import { workload } from '../harness/installed';
import { nextK3s } from '../harness/nextRelease';
import { waitFor } from '../harness/wait';
import { CONFIG, type Lifecycle, NEXT_IMAGE, NEXT_TAR } from './lifecycle';

export function upgrades(lifecycle: Lifecycle): void {
  lifecycle.chapter('a Sysbox upgrade drains the node, switches, and needs no restart of K3s', async () => {
    const pod = await lifecycle.installation.deploymentPod(workload);
    const current = () => lifecycle.node.run('readlink /opt/sysbox/current');
    const release = await current();
    const invocation = await lifecycle.node.invocationId('k3s');
    await lifecycle.step('image of the next release imported', () =>
      lifecycle.node.run(`k3s ctr -n k8s.io images import ${NEXT_TAR}`, { timeoutMs: 20 * 60_000 }),
    );
    await lifecycle.installation.apply({ source: SysboxSource.image(NEXT_IMAGE) });
    await lifecycle.step('Sysbox upgraded', () => lifecycle.installation.ready());
    expect(await current()).not.toBe(release);
    const program = await lifecycle.node.run('readlink /proc/$(systemctl show -p MainPID --value sysbox-mgr)/exe');
    expect(program).toBe(`/opt/sysbox/${await current()}/sysbox-mgr`);
    await lifecycle.step('to another system pod', () => lifecycle.installation.deploymentPod(workload, [pod]));
    expect((await lifecycle.installation.said()).tainted).toBe(false);
    expect(await lifecycle.node.invocationId('k3s')).toBe(invocation);
  });

  lifecycle.chapter('a K3s upgrade that renders another version moves the drop-in with one restart', async () => {
    const k3s = nextK3s();
    if (k3s) {
      await lifecycle.node.run('cp -a /usr/local/bin/k3s /var/tmp/k3s-before');
      await lifecycle.node.put('/var/tmp/k3s-next', { from: k3s, mode: 0o755 });
      await lifecycle.node.run('mv /var/tmp/k3s-next /usr/local/bin/k3s');
    }
    // The name of a template decides which base K3s renders: this one that of version 2.
    await lifecycle.node.put(`${CONFIG}/config.toml.tmpl`, { content: '{{ template "base" . }}\n' });
    const since = new Date();
    const starts = await lifecycle.node.starts('k3s');
    await lifecycle.step(`K3s ${k3s ? 'replaced' : 'restarted'}, renders version 2`, async () => {
      await lifecycle.node.run('systemctl restart k3s', { timeoutMs: 10 * 60_000 });
      await lifecycle.cluster.nodeReady(lifecycle.node.name, since);
    });
    expect(await lifecycle.node.run(`sed -n 's/^version = //p' ${CONFIG}/config.toml`)).toBe('2');
    expect(await containerdRuntimes(lifecycle.node)).not.toHaveProperty('sysbox-runc');
    await lifecycle.step('drop-in of version 2 written', () =>
      waitFor('the other drop-in', minutes(15), () =>
        lifecycle.node.run(`cat ${CONFIG}/config.toml.d/cdk8s-sysbox.toml`),
      ),
    );
    await lifecycle.step('to ready again', () => lifecycle.installation.ready());
    expect(await lifecycle.node.run(`find ${CONFIG} -name 'cdk8s-sysbox.toml'`)).toBe(
      `${CONFIG}/config.toml.d/cdk8s-sysbox.toml`,
    );
    expect((await containerdRuntimes(lifecycle.node))['sysbox-runc']).toMatchObject({
      options: { SystemdCgroup: true },
    });
    expect(await lifecycle.node.starts('k3s')).toBe(starts + 2); // the upgrade's and ours
    const pod = await lifecycle.installation.deploymentPod(workload);
    await lifecycle.cluster.kubectl(['delete', 'pod', pod, '--wait=true']);
    await lifecycle.step('a new system pod', () => lifecycle.installation.deploymentPod(workload, [pod]));
  });
}
