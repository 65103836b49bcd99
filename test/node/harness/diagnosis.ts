// What a person would look at first when a test on a node has failed.
import type { Cluster } from './kubectl';
import type { Node } from './node';

export async function diagnose(node: Node, cluster?: Cluster): Promise<string> {
  const parts: string[] = [];
  const add = async (title: string, text: () => Promise<string>) => {
    parts.push(`--- ${title}\n${await text().catch((error: Error) => error.message)}`);
  };
  if (cluster) {
    const kubectl = async (...args: string[]) => (await cluster.tryKubectl(args)).stdout.slice(-6000);
    await add('nodes', () => kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata}'));
    await add('pods', () => kubectl('get', 'pods', '-A', '-o', 'wide'));
    await add('events', () => kubectl('get', 'events', '-A', '--sort-by=.lastTimestamp'));
    await add('installer', () =>
      kubectl('logs', '-n', 'sysbox-system', '-l', 'app.kubernetes.io/name=sysbox-installer', '--tail=80', '--prefix'),
    );
  }
  const journal = 'journalctl --no-pager -b -n 60 -o short-precise';
  await add('units', () =>
    node.run('systemctl --no-pager --failed; systemctl list-units --no-pager "*sysbox*" "k3s*"'),
  );
  await add('sysbox journal', () => node.run(`${journal} -u '*sysbox*'`));
  await add('engine journal', () => node.run(`${journal} -u 'k3s*' -u 'k0s*' -u containerd -u crio -u kubelet`));
  const log = '/var/lib/rancher/k3s/agent/containerd/containerd.log';
  await add('containerd', () =>
    node.run(`tail -n 30 ${log}; grep -E 'level=(error|fatal)' ${log} | cut -c1-1000 | tail -n 30`),
  );
  await add('console', async () => node.machine.console);
  return parts.join('\n');
}
