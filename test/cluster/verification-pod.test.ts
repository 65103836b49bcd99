import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Testing, Yaml } from 'cdk8s';
import { SystemPodPolicy } from '../../src';
import { manifestText } from '../rollout/manifests';
import { installerPod } from '../rollout/pod';
import { verificationPod } from '../rollout/pod-shell';
import { testChart } from '../support/synth';
import { ApiServer, eventually, startApiServer } from './api-server';
import { buildTimeout, minors } from './build';
import { KubeClient, KubeObject } from './client';

const verification = 'sysbox-verification';
const className = 'sysbox-runc-verification';
const dryRun = { dryRun: 'All' };
jest.setTimeout(40_000);

const podsIn = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`;

/** The manifests as they are rendered now, the installer's real token of node `a`, and the pod as verify-pod.sh writes it. */
describe.each(minors)('the verification pod, Kubernetes %s', (minor) => {
  let server: ApiServer;
  let installer: KubeClient;
  let written: KubeObject;
  const directory = mkdtempSync(join(tmpdir(), 'verification-pod-'));

  beforeAll(async () => {
    server = await startApiServer({ minor });
    await server.apply(manifestText);
    const chart = testChart();
    new SystemPodPolicy(chart, 'policy');
    await server.apply(Yaml.stringify(...Testing.synth(chart)));
    for (const name of ['a', 'b']) await server.createNode(name);
    await server.createServiceAccount(verification, 'other');
    const pod = await installerPod(server, 'a', directory);
    written = await verificationPod(pod);
    installer = server.as({ token: await token(server, 'a') });
    // Policies take effect a moment after they are made.
    await eventually(async () => expect(await refusal(create({ nodeName: 'b' }))).toContain('its own node only'));
    await eventually(async () => expect(await refusal(create({}, 'default', server))).toContain('RuntimeClass'));
  }, buildTimeout);
  afterAll(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const withSpec = (spec: KubeObject): KubeObject => ({
    ...written,
    metadata: { ...written.metadata, name: `tried-${Date.now()}-${Math.floor(Math.random() * 1e9)}` },
    spec: { ...written.spec, ...spec },
  });
  const create = (spec: KubeObject, namespace = verification, client = installer) =>
    client.create(podsIn(namespace), withSpec(spec), dryRun);

  test('is admitted by Pod Security Restricted, with the rights of the installer and nothing to warn of', async () => {
    const { metadata } = await server.get(`/api/v1/namespaces/${verification}`);
    expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    installer.warnings.length = 0;
    const admitted = await create({});
    expect(installer.warnings).toEqual([]);
    expect(admitted.spec).toMatchObject({ nodeName: 'a', hostUsers: false, runtimeClassName: className });
    expect(admitted.spec.tolerations).toContainEqual({ operator: 'Exists' });
    expect(JSON.stringify(admitted.spec)).not.toContain('serviceAccountToken');
  });

  // kubernetes plugin/pkg/admission/runtimeclass/admission.go, setScheduling: why there is a second class.
  test('gets no nodeSelector from its class, as it would from that of the system pods', async () => {
    expect((await create({})).spec.nodeSelector).toBeUndefined();
    const first = await server.create(
      podsIn('default'),
      withSpec({ runtimeClassName: 'sysbox-runc', containers: [{ name: 'main', image: 'i:1' }], securityContext: {} }),
      dryRun,
    );
    expect(first.spec).toMatchObject({ nodeName: 'a', nodeSelector: { 'sysbox-runtime': 'running' } });
  });

  test('may hold what webhooks add', async () => {
    const [container] = written.spec.containers;
    await create({
      containers: [container, { ...container, name: 'injected' }],
      initContainers: [{ ...container, name: 'first' }],
      volumes: [...written.spec.volumes, { name: 'injected', emptyDir: {} }],
      nodeSelector: { injected: 'yes' },
    });
  });

  describe('of the installer is refused', () => {
    const [ownNode, noPrivilege] = [
      'of its own node only',
      'without privilege, in a user namespace of their own, only',
    ];
    const noAccount = 'no ServiceAccount but the default one';
    test.each<[string, KubeObject, string]>([
      ['on another node', { nodeName: 'b' }, ownNode],
      ['on no node', { nodeName: undefined }, ownNode],
      ['under the class of the system pods', { runtimeClassName: 'sysbox-runc' }, `RuntimeClass ${className} only`],
      ['under no class', { runtimeClassName: undefined }, `RuntimeClass ${className} only`],
      ["in the host's user namespace", { hostUsers: true }, noPrivilege],
      ['without a user namespace', { hostUsers: undefined }, noPrivilege],
      ['with another ServiceAccount', { serviceAccountName: 'other' }, noAccount],
      ['with a token', { automountServiceAccountToken: true }, noAccount],
      ['with a token by default', { automountServiceAccountToken: undefined }, noAccount],
    ])('%s', async (_, spec, message) => {
      expect(await refusal(create(spec))).toContain(message);
    });

    // Two barriers, each without the other: Pod Security of the namespace, for every user, and the policy where somebody relaxes the namespace.
    describe('with privilege:', () => {
      const privileged = () => [{ ...written.spec.containers[0], securityContext: { privileged: true } }];
      const privileges: [string, () => KubeObject][] = [
        ['a privileged container', () => ({ containers: privileged(), hostUsers: true })],
        ['a privileged init container', () => ({ initContainers: [{ ...privileged()[0], name: 'first' }] })],
        ["the host's network", () => ({ hostNetwork: true, hostUsers: true })],
        ["the host's process ids", () => ({ hostPID: true, hostUsers: true })],
        ["the host's IPC", () => ({ hostIPC: true, hostUsers: true })],
        ["the host's files", () => ({ volumes: [{ name: 'identity', hostPath: { path: '/' } }] })],
      ];
      const enforce = async (level: string) => {
        const labels = { 'pod-security.kubernetes.io/enforce': level };
        await server.patch(`/api/v1/namespaces/${verification}`, { metadata: { labels } });
      };

      test.each(privileges)('%s, by Pod Security', async (_, spec) => {
        expect(await refusal(create(spec(), verification, server))).toContain(
          'violates PodSecurity "restricted:latest"',
        );
      });

      test.each(privileges)('%s, by the policy', async (_, spec) => {
        await enforce('privileged');
        try {
          await eventually(async () => void (await create(spec(), verification, server)));
          expect(await refusal(create(spec()))).toContain(noPrivilege);
        } finally {
          await enforce('restricted');
        }
      });
    });

    test.each(['default', 'sysbox-system', 'kube-system'])('in the namespace %s, by its rights', async (namespace) => {
      expect(await refusal(create({}, namespace))).toMatch(/cannot create resource "pods"/);
    });

    test('in another namespace by the policy too, where somebody grants the right', async () => {
      const subjects = [{ kind: 'ServiceAccount', name: 'sysbox-installer', namespace: 'sysbox-system' }];
      const rights = '/apis/rbac.authorization.k8s.io/v1';
      await server.create(`${rights}/clusterrolebindings`, {
        metadata: { name: 'too-much' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects,
      });
      try {
        await eventually(async () =>
          expect(await refusal(create({ runtimeClassName: undefined }, 'default'))).toContain(
            `in the namespace ${verification} only`,
          ),
        );
      } finally {
        await server.delete(`${rights}/clusterrolebindings/too-much`);
      }
    });
  });

  test('is deleted by the installer of its own node, alone or with all others of the node', async () => {
    const own = await server.create(podsIn(verification), withSpec({}));
    const other = await server.create(podsIn(verification), withSpec({ nodeName: 'b' }));
    const path = ({ metadata }: KubeObject) => `${podsIn(verification)}/${metadata.name}`;
    expect(await refusal(installer.delete(path(other)))).toContain('of its own node only');
    expect(await refusal(installer.delete(podsIn(verification)))).toContain('of its own node only');
    await installer.delete(podsIn(verification), { fieldSelector: 'spec.nodeName=a' });
    expect((await server.get(path(own))).metadata.deletionTimestamp).toBeDefined();
    expect((await server.get(path(other))).metadata.deletionTimestamp).toBeUndefined();
    for (const pod of [own, other]) await server.delete(path(pod), { gracePeriodSeconds: '0' });
  });

  test('is nobody else’s: other ServiceAccounts have no right there, and the policy is not about them', async () => {
    await server.createServiceAccount('sysbox-system', 'other');
    const account = { serviceAccount: 'other', namespace: 'sysbox-system' };
    const client = server.as({ token: await server.tokenFor(account) });
    expect(await refusal(create({}, verification, client))).toMatch(/cannot create resource "pods"/);
    await create({ nodeName: 'b', serviceAccountName: 'other' }, verification, server);
  });

  describe('has a class that SystemPodPolicy refuses elsewhere:', () => {
    const template = () => ({ metadata: { labels: { app: 'x' } }, spec: withSpec({ nodeName: undefined }).spec });
    const elsewhere = `use the RuntimeClass sysbox-runc-verification`;

    test('a pod', async () => {
      expect(await refusal(create({}, 'default', server))).toContain(elsewhere);
      await create({}, verification, server);
    });

    test('a Deployment', async () => {
      const spec = { selector: { matchLabels: { app: 'x' } }, template: { ...template() } };
      spec.template.spec.restartPolicy = 'Always';
      delete spec.template.spec.activeDeadlineSeconds;
      const deployment = { metadata: { name: 'x' }, spec };
      const path = '/apis/apps/v1/namespaces/default/deployments';
      expect(await refusal(server.create(path, deployment, dryRun))).toContain(elsewhere);
    });
  });
});

async function token(server: ApiServer, node: string): Promise<string> {
  const { metadata, spec } = await server.get('/apis/apps/v1/namespaces/sysbox-system/daemonsets/sysbox-installer');
  const { serviceAccountName: serviceAccount } = spec.template.spec;
  return server.tokenFor({ serviceAccount, namespace: metadata.namespace, node, podSpec: spec.template.spec });
}

/** The server's message; an error when it did not refuse. */
async function refusal(attempt: Promise<KubeObject>): Promise<string> {
  const accepted = await attempt.catch((error: Error) => error);
  if (accepted instanceof Error) return accepted.message;
  throw new Error(`The server accepted it: ${JSON.stringify(accepted)}`);
}
