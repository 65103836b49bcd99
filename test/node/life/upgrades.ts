// Upgrades under running system pods: of Sysbox, and of K3s to one that renders another version of containerd's configuration.
import { SysboxSource } from '../../../src';
import { containerdRuntimes } from '../harness/containerd';
import { minutes } from '../harness/installation';
import { workload } from '../harness/installed';
import { nextK3s } from '../harness/nextRelease';
import { waitFor } from '../harness/wait';
import { CONFIG, type Life, NEXT_IMAGE, NEXT_TAR } from './life';

export function upgrades(life: Life): void {
  life.chapter('a Sysbox upgrade drains the node, switches, and needs no restart of K3s', async () => {
    const pod = await life.installation.deploymentPod(workload);
    const current = () => life.node.run('readlink /opt/sysbox/current');
    const release = await current();
    const invocation = await life.node.invocationId('k3s');
    await life.step('image of the next release imported', () =>
      life.node.run(`k3s ctr -n k8s.io images import ${NEXT_TAR}`, { timeoutMs: 20 * 60_000 }),
    );
    await life.installation.apply({ source: SysboxSource.image(NEXT_IMAGE) });
    await life.step('Sysbox upgraded', () => life.installation.ready());
    expect(await current()).not.toBe(release);
    const program = await life.node.run('readlink /proc/$(systemctl show -p MainPID --value sysbox-mgr)/exe');
    expect(program).toBe(`/opt/sysbox/${await current()}/sysbox-mgr`);
    await life.step('to another system pod', () => life.installation.deploymentPod(workload, [pod]));
    expect((await life.installation.said()).tainted).toBe(false);
    expect(await life.node.invocationId('k3s')).toBe(invocation);
  });

  life.chapter('a K3s upgrade that renders another version moves the drop-in with one restart', async () => {
    const k3s = nextK3s();
    if (k3s) {
      await life.node.run('cp -a /usr/local/bin/k3s /var/tmp/k3s-before');
      await life.node.put('/var/tmp/k3s-next', { from: k3s, mode: 0o755 });
      await life.node.run('mv /var/tmp/k3s-next /usr/local/bin/k3s');
    }
    // The name of a template decides which base K3s renders: this one that of version 2.
    await life.node.put(`${CONFIG}/config.toml.tmpl`, { content: '{{ template "base" . }}\n' });
    const since = new Date();
    const starts = await life.node.starts('k3s');
    await life.step(`K3s ${k3s ? 'replaced' : 'restarted'}, renders version 2`, async () => {
      await life.node.run('systemctl restart k3s', { timeoutMs: 10 * 60_000 });
      await life.cluster.nodeReady(life.node.name, since);
    });
    expect(await life.node.run(`sed -n 's/^version = //p' ${CONFIG}/config.toml`)).toBe('2');
    expect(await containerdRuntimes(life.node)).not.toHaveProperty('sysbox-runc');
    await life.step('drop-in of version 2 written', () =>
      waitFor('the other drop-in', minutes(15), () => life.node.run(`cat ${CONFIG}/config.toml.d/cdk8s-sysbox.toml`)),
    );
    await life.step('to ready again', () => life.installation.ready());
    expect(await life.node.run(`find ${CONFIG} -name 'cdk8s-sysbox.toml'`)).toBe(
      `${CONFIG}/config.toml.d/cdk8s-sysbox.toml`,
    );
    expect((await containerdRuntimes(life.node))['sysbox-runc']).toMatchObject({ options: { SystemdCgroup: true } });
    expect(await life.node.starts('k3s')).toBe(starts + 2); // the upgrade's and ours
    const pod = await life.installation.deploymentPod(workload);
    await life.cluster.kubectl(['delete', 'pod', pod, '--wait=true']);
    await life.step('a new system pod', () => life.installation.deploymentPod(workload, [pod]));
  });
}
