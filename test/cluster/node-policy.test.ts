import { ApiServer, eventually, startApiServer } from './api-server';
import { buildTimeout, minors } from './build';
import { KubeClient, KubeObject } from './client';
import { distObject, distText } from './dist';

const label = 'sysbox-runtime';
const annotation = 'sysbox.cdk8s.io/stage';
const ourTaint = { key: 'sysbox-runtime', value: 'not-running', effect: 'NoSchedule' };
const theirTaint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };

const daemonSet = () => distObject('DaemonSet');
const node = (name: string) => `/api/v1/nodes/${name}`;

const dryRun = { dryRun: 'All' };
const owner = { apiVersion: 'v1', kind: 'Node', name: 'b', uid: '00000000-0000-0000-0000-000000000000' };

/** Nodes `a` and `b` with somebody else's label, annotation and taint, and the installer's pod on `a`. */
describe.each(minors)('the installer of dist/ with its real token, Kubernetes %s', (minor) => {
  let server: ApiServer;
  let installer: KubeClient;

  beforeAll(async () => {
    server = await startApiServer({ minor });
    await server.apply(distText);
    const { metadata, spec } = daemonSet();
    const account = { serviceAccount: spec.template.spec.serviceAccountName, namespace: metadata.namespace };
    const token = await server.tokenFor({ ...account, node: 'a', podSpec: spec.template.spec });
    installer = server.as({ token });
    await server.createNode('b');
    // A policy takes effect a moment after it is made.
    await eventually(async () => {
      const refused = await refusal(
        installer.patch(node('b'), { metadata: { labels: { [label]: 'x' } } }, 'merge', dryRun),
      );
      expect(refused).toMatch(/ValidatingAdmissionPolicy/);
    });
  }, buildTimeout);
  afterAll(() => server?.stop());

  beforeEach(async () => {
    for (const name of ['a', 'b']) {
      const { metadata } = await server.get(node(name));
      const reset = {
        metadata: {
          name,
          resourceVersion: metadata.resourceVersion,
          labels: { theirs: 'kept', [label]: 'running' },
          annotations: { theirs: 'kept', [annotation]: 'ready' },
        },
        spec: { taints: [theirTaint, ourTaint] },
      };
      await server.replace(node(name), reset);
    }
  });

  describe('may, on its own node,', () => {
    const allowed: [string, KubeObject][] = [
      ['set its label', { metadata: { labels: { [label]: 'not-running' } } }],
      ['remove its label', { metadata: { labels: { [label]: null } } }],
      ['set its annotation', { metadata: { annotations: { [annotation]: 'staged' } } }],
      ['remove its annotation', { metadata: { annotations: { [annotation]: null } } }],
      ['remove its taint', { spec: { taints: [theirTaint] } }],
      ['change its taint', { spec: { taints: [theirTaint, { ...ourTaint, value: 'failed' }] } }],
    ];
    test.each(allowed)('%s', async (_, patch) => {
      await installer.patch(node('a'), patch);
    });

    test('add its taint', async () => {
      await server.patch(node('a'), { spec: { taints: [theirTaint] } });
      await installer.patch(node('a'), { spec: { taints: [theirTaint, ourTaint] } });
      await server.patch(node('a'), { spec: { taints: null } });
      await installer.patch(node('a'), { spec: { taints: [ourTaint] } });
    });
  });

  describe('is refused by the policy when it would, on its own node,', () => {
    const refused: [string, KubeObject][] = [
      ['add another label', { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } }],
      ['change another label', { metadata: { labels: { theirs: 'changed' } } }],
      ['remove another label', { metadata: { labels: { theirs: null } } }],
      ['remove every label', { metadata: { labels: null } }],
      ['set its label and another', { metadata: { labels: { [label]: 'running', other: '' } } }],
      ['add another annotation', { metadata: { annotations: { other: '' } } }],
      ['change another annotation', { metadata: { annotations: { theirs: 'changed' } } }],
      ['remove another annotation', { metadata: { annotations: { theirs: null } } }],
      ["remove someone else's taint", { spec: { taints: [ourTaint] } }],
      ['remove every taint', { spec: { taints: null } }],
      ["change someone else's taint", { spec: { taints: [{ ...theirTaint, value: 'cpu' }, ourTaint] } }],
      ["add someone else's taint", { spec: { taints: [theirTaint, ourTaint, { ...theirTaint, key: 'other' }] } }],
      ['cordon', { spec: { unschedulable: true } }],
      ['set the provider id', { spec: { providerID: 'other://a' } }],
      ['add a finalizer', { metadata: { finalizers: ['example.com/kept'] } }],
      ['add an owner', { metadata: { ownerReferences: [owner] } }],
    ];
    test.each(refused)('%s', async (_, patch) => {
      expect(await refusal(installer.patch(node('a'), patch))).toMatch(/^ValidatingAdmissionPolicy/);
    });
  });

  describe('may not, on another node,', () => {
    const refused: [string, KubeObject][] = [
      ['set its label', { metadata: { labels: { [label]: 'not-running' } } }],
      ['set its annotation', { metadata: { annotations: { [annotation]: 'staged' } } }],
      ['remove its taint', { spec: { taints: [theirTaint] } }],
    ];
    test.each(refused)('%s', async (_, patch) => {
      expect(await refusal(installer.patch(node('b'), patch))).toMatch(/^ValidatingAdmissionPolicy/);
    });
  });

  test('may change no node with a token that names none', async () => {
    const { metadata, spec } = daemonSet();
    const unbound = { serviceAccount: spec.template.spec.serviceAccountName, namespace: metadata.namespace };
    const client = server.as({ token: await server.tokenFor(unbound) });
    const patch = { metadata: { labels: { [label]: 'not-running' } } };
    expect(await refusal(client.patch(node('a'), patch))).toMatch(/^ValidatingAdmissionPolicy/);
  });

  describe('has no right to', () => {
    const { metadata } = daemonSet();
    const forbidden: [string, KubeObject][] = [
      ['delete a node', { verb: 'delete', resource: 'nodes' }],
      ['create a node', { verb: 'create', resource: 'nodes' }],
      ['change the status of a node', { verb: 'patch', resource: 'nodes', subresource: 'status' }],
      ['use the kubelet API of a node', { verb: 'create', resource: 'nodes', subresource: 'proxy' }],
      ['read a secret', { verb: 'get', resource: 'secrets', namespace: metadata.namespace }],
      ['create a pod', { verb: 'create', resource: 'pods', namespace: metadata.namespace }],
      ['run a command in a pod', { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'default' }],
      [
        'change its own DaemonSet',
        { verb: 'patch', group: 'apps', resource: 'daemonsets', namespace: metadata.namespace },
      ],
      [
        'change the policy',
        { verb: 'patch', group: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicies' },
      ],
      ['grant rights', { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings' }],
      [
        'ask for a token',
        { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace: metadata.namespace },
      ],
    ];
    test.each(forbidden)('%s', async (_, resourceAttributes) => {
      expect(await can(installer, resourceAttributes)).toBe(false);
    });
  });

  describe('stays out of the way of', () => {
    test("the kubelet's updates of its own node", async () => {
      const kubelet = server.kubelet('a');
      const now = new Date().toISOString();
      const ready = {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      };
      await kubelet.patch(`${node('a')}/status`, { status: { conditions: [ready] } }, 'strategic');
      await kubelet.patch(
        node('a'),
        { metadata: { labels: { 'kubernetes.io/os': 'linux', other: 'x' } } },
        'strategic',
      );
      await kubelet.patch(node('a'), {
        metadata: { annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
      });
    });

    test('another ServiceAccount, on any node', async () => {
      const client = await otherAccount(server);
      for (const name of ['a', 'b']) {
        await client.patch(node(name), { metadata: { labels: { other: 'x', [label]: 'x' } }, spec: { taints: null } });
        await client.patch(node(name), { spec: { unschedulable: true } });
      }
    });

    test('an administrator', async () => {
      await server.patch(node('b'), {
        metadata: { labels: { other: 'x' } },
        spec: { taints: null, unschedulable: true },
      });
    });
  });

  test('the kubelet of another node stays without rights on this one', async () => {
    const patch = { metadata: { labels: { [label]: 'x' } } };
    expect(await refusal(server.kubelet('b').patch(node('a'), patch))).toMatch(/is not allowed to modify node "a"/);
  });
});

/** The server's message; an error when it did not refuse. */
async function refusal(attempt: Promise<KubeObject>): Promise<string> {
  const accepted = await attempt.catch((error: Error) => error);
  if (accepted instanceof Error) return accepted.message.replace(/^.*?(?=ValidatingAdmissionPolicy)/, '');
  throw new Error(`The server accepted it: ${JSON.stringify(accepted)}`);
}

async function can(client: KubeClient, resourceAttributes: KubeObject): Promise<boolean> {
  const review = { spec: { resourceAttributes } };
  return (await client.create('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review)).status.allowed;
}

/** A ServiceAccount in the same namespace that may change nodes and is not the installer, with a token of node `b`. */
async function otherAccount(server: ApiServer): Promise<KubeClient> {
  const { namespace } = daemonSet().metadata;
  const name = `other-${Date.now()}`;
  await server.createServiceAccount(namespace, name);
  await server.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name },
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] }],
  });
  await server.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
  const client = server.as({ token: await server.tokenFor({ serviceAccount: name, namespace, node: 'b' }) });
  await eventually(async () => expect(await can(client, { verb: 'patch', resource: 'nodes' })).toBe(true));
  return client;
}
