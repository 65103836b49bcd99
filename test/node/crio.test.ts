// A node as kubeadm makes it, with CRI-O as a service of its own.
import { chapters } from './engine/chapters';
import { EngineNode, plainPod } from './engine/engineNode';
import { crio } from './harness/nodeEngines';
import { waitFor } from './harness/wait';

jest.setTimeout(60 * 60_000);

const at = new EngineNode('dist/ applied to a node with CRI-O', crio);

beforeAll(() => at.begin());
afterAll(() => at.end());

// Why CRI-O is restarted (host/engines/crio.sh).
at.chapter('a runtime that a reload has brought is listed, and no pod runs under it before a restart', async () => {
  const probe = '/etc/crio/crio.conf.d/50-probe.conf';
  const table = '[crio.runtime.runtimes.probe]\nruntime_path = "/usr/bin/crun"\nruntime_root = "/run/probe"\n';
  await at.node.put(probe, { content: `${table}monitor_path = "/usr/bin/conmon"\n` });
  const runtimeClass = {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'probe' },
    handler: 'probe',
  };
  await at.cluster.apply(JSON.stringify(runtimeClass));
  await at.node.run('systemctl reload crio');
  await waitFor('the runtime is listed', { timeoutMs: 60_000 }, async () =>
    (await at.crictl('info')).includes('"name": "probe"'),
  );
  await at.cluster.apply(plainPod('probe', { runtimeClassName: 'probe' }));
  await waitFor('the refusal', { timeoutMs: 3 * 60_000 }, async (last) => {
    const events = await at.cluster.kubectl(['get', 'events', '-o', 'jsonpath={.items[*].message}']);
    last(events);
    return events.includes('failed to find runtime handler probe');
  });
  await at.node.run('systemctl restart crio', { timeoutMs: 5 * 60_000 });
  await at.cluster.podRunning('probe');
  await at.cluster.kubectl(['delete', 'pod/probe', 'runtimeclass/probe'], { timeoutMs: 5 * 60_000 });
  await at.node.run(`rm ${probe}; systemctl restart crio`, { timeoutMs: 5 * 60_000 });
});

chapters(at, async () => {
  const config = await at.node.run('crio config 2>/dev/null');
  return [...config.matchAll(/^\[crio\.runtime\.runtimes\.(.+)\]$/gm)].map(([, name]) => name!);
});
