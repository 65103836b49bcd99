// The uninstall: desired state like everything else.
import { SysboxSource } from '../../../src';
import { containerdRuntimes } from '../harness/containerd';
import { minutes } from '../harness/installation';
import { difference, snapshot } from '../harness/snapshot';
import { CONFIG, type Life } from './life';

export function uninstall(life: Life): void {
  life.chapter('an uninstall leaves files, units and the node as they were', async () => {
    // What other chapters put there is not ours to remove.
    await life.node.run(
      `rm -f ${CONFIG}/config.toml.tmpl; [ ! -e /var/tmp/k3s-before ] || mv /var/tmp/k3s-before /usr/local/bin/k3s`,
    );
    const since = new Date();
    const starts = await life.node.starts('k3s');
    const image = await life.cluster.kubectl([
      ...['get', 'daemonset', 'sysbox-installer', '-n', 'sysbox-system'],
      ...['-o', 'jsonpath={.spec.template.spec.containers[0].image}'],
    ]);
    await life.installation.apply({ source: SysboxSource.image(image), uninstall: true });
    await life.step('uninstalled', () =>
      life.installation.says(
        'removed',
        ({ stage, label, tainted }) => stage === 'removed' && !label && !tainted,
        minutes(30),
      ),
    );
    await life.cluster.nodeReady(life.node.name, since);
    expect(await life.node.starts('k3s')).toBe(starts + 1);
    expect(await containerdRuntimes(life.node)).not.toHaveProperty('sysbox-runc');
    const after = await life.step('files and units compared', () => snapshot(life.node));
    expect(difference(life.before, after)).toEqual({ added: [], removed: [], changed: [] });
  });
}
