import { ApiServer, eventually, startApiServer } from './api-server';
import { buildTimeout, minors } from './build';
import { KubeClient, KubeObject } from './client';
import { distObject, distText } from './dist';

const label = 'sysbox-runtime';
const annotation = 'cdk8s-sysbox.io/stage';
const ourTaint = { key: 'sysbox-runtime', value: 'not-running', effect: 'NoSchedule' };
const ownNodeOnly = 'the installer may change its own node only';
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
      expect(refused).toContain(ownNodeOnly);
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
      ['remove its label', { metadata: { labels: { [label]: null } } }],
      ['set its annotation', { metadata: { annotations: { [annotation]: 'staged' } } }],
      ['remove its annotation', { metadata: { annotations: { [annotation]: null } } }],
      ['remove its taint', { spec: { taints: [theirTaint] } }],
      ['change its taint', { spec: { taints: [theirTaint, { ...ourTaint, value: 'failed' }] } }],
    ];
    test.each(allowed)('%s', async (_, patch) => {
      await installer.patch(node('a'), patch);
    });

    test('set its label', async () => {
      await server.patch(node('a'), { metadata: { labels: { [label]: null } } });
      await installer.patch(node('a'), { metadata: { labels: { [label]: 'running' } } });
    });

    test('add its taint', async () => {
      await server.patch(node('a'), { spec: { taints: [theirTaint] } });
      await installer.patch(node('a'), { spec: { taints: [theirTaint, ourTaint] } });
      await server.patch(node('a'), { spec: { taints: null } });
      await installer.patch(node('a'), { spec: { taints: [ourTaint] } });
    });
  });

  // A field that a new Kubernetes gives a node's spec must get into the policy, which can only name fields.
  test('is held by a policy that knows every field of the spec of a node', async () => {
    const { components } = await server.get('/openapi/v3/api/v1');
    const fields = Object.keys(components.schemas['io.k8s.api.core.v1.NodeSpec'].properties);
    const rules = JSON.stringify(distObject('ValidatingAdmissionPolicy', 'sysbox-installer').spec.validations);
    const forgotten = fields.filter((field) => field !== 'taints' && !rules.includes(`object.spec.?${field} == `));
    expect(forgotten).toEqual([]);
  });

  test('may work on a node that has another value of its label, which it does not change', async () => {
    await server.patch(node('a'), { metadata: { labels: { [label]: 'installing' } } });
    await installer.patch(node('a'), { metadata: { annotations: { [annotation]: 'staged' } } });
  });

  describe('is refused by the policy when it would, on its own node,', () => {
    const labels = 'the installer may change no label but sysbox-runtime';
    const annotations = 'the installer may change annotations under cdk8s-sysbox.io/ only';
    const taints = 'the installer may change no taint but sysbox-runtime';
    const spec = 'the installer may change nothing of a node spec but its own taint';
    const others = 'the installer may change no finalizer and no owner of a node';
    const refused: [string, KubeObject, string][] = [
      [
        'give its label a value of its own',
        { metadata: { labels: { [label]: 'x' } } },
        'the installer may set sysbox-runtime to running only',
      ],
      ['add another label', { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } }, labels],
      ['change another label', { metadata: { labels: { theirs: 'changed' } } }, labels],
      ['remove another label', { metadata: { labels: { theirs: null } } }, labels],
      ['remove every label', { metadata: { labels: null } }, labels],
      ['set its label and another', { metadata: { labels: { [label]: 'running', other: '' } } }, labels],
      ['add the label that asks for an installation', { metadata: { labels: { 'sysbox-install': 'yes' } } }, labels],
      ['add another annotation', { metadata: { annotations: { other: '' } } }, annotations],
      ['change another annotation', { metadata: { annotations: { theirs: 'changed' } } }, annotations],
      ['remove another annotation', { metadata: { annotations: { theirs: null } } }, annotations],
      ["remove someone else's taint", { spec: { taints: [ourTaint] } }, taints],
      ['remove every taint', { spec: { taints: null } }, taints],
      ["change someone else's taint", { spec: { taints: [{ ...theirTaint, value: 'cpu' }, ourTaint] } }, taints],
      ["add someone else's taint", { spec: { taints: [theirTaint, ourTaint, { ...theirTaint, key: 'x' }] } }, taints],
      ['cordon', { spec: { unschedulable: true } }, spec],
      ['set the provider id', { spec: { providerID: 'other://a' } }, spec],
      ['set the pod network', { spec: { podCIDR: '10.42.9.0/24', podCIDRs: ['10.42.9.0/24'] } }, spec],
      ['add a finalizer', { metadata: { finalizers: ['example.com/kept'] } }, others],
      ['add an owner', { metadata: { ownerReferences: [owner] } }, others],
    ];
    test.each(refused)('%s', async (_, patch, message) => {
      expect(await refusal(installer.patch(node('a'), patch))).toContain(message);
    });
  });

  describe('may not, on another node,', () => {
    const refused: [string, KubeObject][] = [
      ['remove its label', { metadata: { labels: { [label]: null } } }],
      ['set its annotation', { metadata: { annotations: { [annotation]: 'staged' } } }],
      ['remove its taint', { spec: { taints: [theirTaint] } }],
    ];
    test.each(refused)('%s', async (_, patch) => {
      expect(await refusal(installer.patch(node('b'), patch))).toContain(ownNodeOnly);
    });
  });

  test('may change no node with a token that names none', async () => {
    const { metadata, spec } = daemonSet();
    const unbound = { serviceAccount: spec.template.spec.serviceAccountName, namespace: metadata.namespace };
    const client = server.as({ token: await server.tokenFor(unbound) });
    const patch = { metadata: { labels: { [label]: null } } };
    expect(await refusal(client.patch(node('a'), patch))).toContain(ownNodeOnly);
  });

  // The requests of its programs (src/installer/node), as they send them.
  describe('has the right to', () => {
    const { namespace } = daemonSet().metadata;
    const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
    const rollout = 'cdk8s-sysbox-rollout';

    test('read all nodes', async () => {
      expect((await installer.list('/api/v1/nodes')).map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    });

    test("read and evict its node's pods", async () => {
      const mine = await installer.list('/api/v1/pods', { fieldSelector: 'spec.nodeName=a' });
      expect(mine).toHaveLength(1);
      const { name } = mine[0]!.metadata;
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name } };
      await installer.create(`/api/v1/namespaces/${namespace}/pods/${name}/eviction`, eviction, dryRun);
    });

    test("keep the rollout's state, and no other ConfigMap", async () => {
      const state = await installer.get(`${configMaps}/${rollout}`);
      state.metadata.annotations = { 'cdk8s-sysbox.io/done': '1', 'a/slot': 'held agent r 1' };
      const written = await installer.replace(`${configMaps}/${rollout}`, state);
      expect(await installer.get(`${configMaps}/${rollout}`)).toEqual(written);
      expect(await refusal(installer.replace(`${configMaps}/${rollout}`, state))).toMatch(
        /the object has been modified/,
      );

      await server.create(configMaps, { metadata: { name: 'other' } });
      expect(await refusal(installer.get(`${configMaps}/other`))).toMatch(/is forbidden/);
      expect(await refusal(installer.create(configMaps, { metadata: { name: 'another' } }))).toMatch(/is forbidden/);
    });

    test('read its DaemonSet', async () => {
      await installer.get(`/apis/apps/v1/namespaces/${namespace}/daemonsets/${daemonSet().metadata.name}`);
    });

    test('write Events of its node', async () => {
      const time = new Date().toISOString().replace(/\.\d+/, '');
      const event = {
        metadata: { generateName: 'cdk8s-sysbox-', namespace: 'default' },
        involvedObject: { apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'a' },
        ...{ type: 'Normal', reason: 'Ready', message: 'ready', firstTimestamp: time, lastTimestamp: time, count: 1 },
        source: { component: 'cdk8s-sysbox', host: 'a' },
        reportingComponent: 'cdk8s-sysbox.io/installer',
        reportingInstance: 'pod',
      };
      await installer.create('/api/v1/namespaces/default/events', event);
    });
  });

  // Long names: as the name part of a key, a node's name could have 63 characters only.
  describe("on the rollout's state", () => {
    const long = `node-${'x'.repeat(50)}.${'y'.repeat(60)}.example.com`;
    const slots = { 'a/slot': 'held agent r 1', 'b/slot': 'held agent r 2', [`${long}/slot`]: 'held agent r 3' };
    const path = `/api/v1/namespaces/${daemonSet().metadata.namespace}/configmaps/cdk8s-sysbox-rollout`;
    const asInstaller = async (annotations: Record<string, string | undefined>, more: KubeObject = {}) => {
      const state = await installer.get(path);
      const now = { ...state.metadata.annotations, ...annotations };
      return installer.replace(path, { ...state, metadata: { ...state.metadata, annotations: now }, ...more }, dryRun);
    };
    beforeEach(() => server.patch(path, { metadata: { annotations: { ...slots, theirs: 'kept' } } }));
    const ownSlot = "the installer may write its own node's slot only";

    test.each<[string, Record<string, string | undefined>]>([
      ['write its own slot', { 'a/slot': 'failed agent r 1 CrashLoop' }],
      ["remove its own slot, and another node's", { 'a/slot': undefined, 'b/slot': undefined }],
      ['remove the slot of a node with a long name', { [`${long}/slot`]: undefined }],
      ['write the counts', { 'cdk8s-sysbox.io/done': '4' }],
    ])('it may %s', async (_, annotations) => {
      await asInstaller(annotations);
    });

    test.each<[string, Record<string, string | undefined>, string]>([
      ["change another node's slot", { 'b/slot': 'held agent r 9' }, ownSlot],
      ['change the slot of a node with a long name', { [`${long}/slot`]: 'held agent r 9' }, ownSlot],
      ['grant a slot to another node', { 'c/slot': 'held agent r 9' }, ownSlot],
      ["write a slot of a node whose name ends like its own's", { 'x.a/slot': 'held agent r 9' }, ownSlot],
      ['change another annotation', { theirs: 'changed' }, 'under cdk8s-sysbox.io/ only'],
      ['remove another annotation', { theirs: undefined }, 'under cdk8s-sysbox.io/ only'],
    ])('it may not %s', async (_, annotations, message) => {
      expect(await refusal(asInstaller(annotations))).toContain(message);
    });

    test('it may not write data', async () => {
      expect(await refusal(asInstaller({}, { data: { other: 'x' } }))).toContain('nothing of the ConfigMap but');
    });

    test('it may write its own slot under a long name, with a token of that node', async () => {
      const { spec, metadata } = daemonSet();
      const account = { serviceAccount: spec.template.spec.serviceAccountName, namespace: metadata.namespace };
      const token = await server.tokenFor({ ...account, node: long, podSpec: spec.template.spec });
      const state = await server.get(path);
      state.metadata.annotations[`${long}/slot`] = 'held agent r 9';
      await server.as({ token }).replace(path, state, dryRun);
      state.metadata.annotations['a/slot'] = 'held agent r 9';
      expect(await refusal(server.as({ token }).replace(path, state, dryRun))).toContain(ownSlot);
      await server.delete(node(long));
    });
  });

  describe('has no right to', () => {
    const { metadata } = daemonSet();
    const forbidden: [string, KubeObject][] = [
      ['delete a node', { verb: 'delete', resource: 'nodes' }],
      ['create a node', { verb: 'create', resource: 'nodes' }],
      ['change the status of a node', { verb: 'patch', resource: 'nodes', subresource: 'status' }],
      ['use the kubelet API of a node', { verb: 'create', resource: 'nodes', subresource: 'proxy' }],
      ['read a secret', { verb: 'get', resource: 'secrets', namespace: metadata.namespace }],
      ['create a ConfigMap', { verb: 'create', resource: 'configmaps', namespace: metadata.namespace }],
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
  if (accepted instanceof Error) return accepted.message;
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
