import { Testing, Yaml } from 'cdk8s';
import { RuntimeScheduling, SysboxNodePool, SysboxRuntime, SystemPod } from '../../src';
import { testChart } from '../support/synth';
import { ApiServer, startApiServer } from './api-server';
import { buildTimeout, minors } from './build';
import { KubeObject } from './client';
import { fits } from './fits';

jest.setTimeout(60_000);

/**
 * What an autoscaler decides about an empty pool, by the scheduler's own predicates: pods as the real API server admits them, and the node
 * that the pool's tags describe. The autoscalers themselves are left out, but for what their documentation says: Cluster Autoscaler takes the
 * startup taints out of the template, Karpenter does not compare pods with them.
 */
describe.each(minors)('a pool without a node, Kubernetes %s', (minor) => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ minor });
  }, buildTimeout);
  afterAll(() => server?.stop());

  /** The runtime's objects are applied; a system pod, and its pool. */
  async function admitted(scheduling: RuntimeScheduling): Promise<{ pod: KubeObject; nodePool: SysboxNodePool }> {
    const chart = testChart();
    const runtime = new SysboxRuntime(chart, 'sysbox', {
      runtimeClass: { scheduling },
      installation: { nodeSelector: { pool: 'sandboxes' } },
    });
    await server.apply(Yaml.stringify(...Testing.synth(chart)), { force: true });
    const pods = testChart();
    new SystemPod(pods, 'shell', { system: { runtime }, containers: [{ image: 'ubuntu:24.04' }] });
    const [manifest] = Testing.synth(pods);
    const pod = await server.create('/api/v1/namespaces/default/pods', manifest, { dryRun: 'All' });
    return { pod, nodePool: runtime.nodePool };
  }

  const node = (labels: Record<string, string>, taints: object[]) => ({
    metadata: { name: 'n', labels },
    spec: { taints },
  });

  /** As cloudprovider/aws/aws_manager.go reads the tags of an Auto Scaling group. */
  function ofAwsTags(tags: Record<string, string>): { labels: Record<string, string>; taints: KubeObject[] } {
    const [labels, taints]: [Record<string, string>, KubeObject[]] = [{}, []];
    for (const [name, text] of Object.entries(tags)) {
      const [, kind = '', key = ''] = /node-template\/(label|taint)\/(.*)$/.exec(name) ?? [];
      const [value = '', effect] = text.split(':');
      if (kind === 'label') labels[key] = value;
      else taints.push({ key, value, effect });
    }
    return { labels, taints };
  }

  test('gets one for a pod where the RuntimeClass selects intended nodes', async () => {
    const { pod, nodePool } = await admitted(RuntimeScheduling.INTENDED);
    const { labels, taints } = ofAwsTags(nodePool.awsTags());
    const ignored = nodePool.clusterAutoscalerArgs.map((arg) => arg.replace('--startup-taint=', ''));
    const template = node(
      labels,
      taints.filter(({ key }) => !ignored.includes(key)),
    );
    const karpenter = node(nodePool.labels, []);
    expect(await fits([pod], [template, karpenter])).toEqual([['fits', 'fits']]);
    // Without the argument, the pool would stay empty.
    expect(await fits([pod], [node(labels, taints)])).toEqual([['taint sysbox-runtime=not-running:NoSchedule']]);
  });

  test('gets none by default, since no label of a node says that the runtime will run', async () => {
    const { pod, nodePool } = await admitted(RuntimeScheduling.INSTALLED);
    expect(await fits([pod], [node(nodePool.labels, [])])).toEqual([['node selector']]);
    expect(await fits([pod], [node({ ...nodePool.labels, 'sysbox-runtime': 'running' }, [])])).toEqual([['fits']]);
  });

  test('gives pods no node before the runtime is live, nor after an uninstall', async () => {
    const { pod, nodePool } = await admitted(RuntimeScheduling.INTENDED);
    const registered = node(nodePool.labels, nodePool.startupTaints);
    const live = node({ ...nodePool.labels, 'sysbox-runtime': 'running' }, []);
    expect(await fits([pod], [registered, live])).toEqual([['taint sysbox-runtime=not-running:NoSchedule', 'fits']]);
  });

  test('is another pool when a label of the selection is missing', async () => {
    const { pod } = await admitted(RuntimeScheduling.INTENDED);
    expect(await fits([pod], [node({ 'sysbox-install': 'yes' }, [])])).toEqual([['node selector']]);
  });
});
