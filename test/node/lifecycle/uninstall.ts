// The uninstall: desired state like everything else.
import { SysboxSource } from '../../../src';
import { containerdRuntimes } from '../harness/containerd';
import { difference, snapshot } from '../harness/snapshot';
import { CONFIG, type Lifecycle } from './lifecycle';

export function uninstall(lifecycle: Lifecycle): void {
  lifecycle.chapter('an uninstall leaves files, units and the node as they were', async () => {
    // What other chapters put there is not ours to remove.
    await lifecycle.node.run(
      `rm -f ${CONFIG}/config.toml.tmpl; [ ! -e /var/tmp/k3s-before ] || mv /var/tmp/k3s-before /usr/local/bin/k3s`,
    );
    const since = new Date();
    const starts = await lifecycle.node.starts('k3s');
    const image = await lifecycle.cluster.kubectl([
      ...['get', 'daemonset', 'sysbox-installer', '-n', 'sysbox-system'],
      ...['-o', 'jsonpath={.spec.template.spec.containers[0].image}'],
    ]);
    await lifecycle.installation.apply({ source: SysboxSource.image(image), uninstall: true });
    await lifecycle.step('uninstalled', () => lifecycle.installation.removed());
    await lifecycle.cluster.nodeReady(lifecycle.node.name, since);
    expect(await lifecycle.node.starts('k3s')).toBe(starts + 1);
    expect(await containerdRuntimes(lifecycle.node)).not.toHaveProperty('sysbox-runc');
    const after = await lifecycle.step('files and units compared', () => snapshot(lifecycle.node));
    expect(difference(lifecycle.before, after)).toEqual({ added: [], removed: [], changed: [] });
  });
}
