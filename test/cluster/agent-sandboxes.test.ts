// Agent sandboxes on a real API server: by agent-sandbox's CRDs, and with its own controller, which makes, suspends and hands out
// sandboxes. No kubelet and no garbage collector run, so this test is the one that says that a pod is Ready.
import { App, Chart, Duration, Size, Yaml } from 'cdk8s';
import { Secret } from 'cdk8s-plus-30';
import {
  AgentPoolUpdateStrategy,
  AgentSandbox,
  AgentSandboxClaim,
  AgentSandboxTemplate,
  AgentSandboxWarmPool,
  AgentShutdownPolicy,
} from '../../src/agents';
import { DockerEngine, DockerEngineMode } from '../../src/docker';
import { SystemPodPolicy } from '../../src/policy';
import { DevMachine, SystemdMachine } from '../../src/systemd';
import { PodSecurityLevel, SystemStorage } from '../../src/workloads';
import { installAgentSandboxCrds, startAgentSandboxController } from './agent-sandbox';
import { Controller } from './controller';
import { ApiServer, eventually, startApiServer } from './api-server';
import { buildTimeout, minors } from './build';
import { KubeObject } from './client';

const runtimeClass =
  'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: sysbox-runc }\nhandler: sysbox-runc\n';
const containers = [{ name: 'agent', image: 'registry.example.org/agent:1.4.0' }];
const storage = Size.gibibytes(1);

function yaml(namespace: string, build: (chart: Chart) => void): string {
  const chart = new Chart(new App(), 'agents', { namespace, disableResourceNameHashes: true });
  build(chart);
  return Yaml.stringify(...chart.toJson());
}

async function serverWithCrds(minor: (typeof minors)[number]): Promise<ApiServer> {
  const server = await startApiServer({ minor });
  await server.apply(runtimeClass);
  await installAgentSandboxCrds(server);
  return server;
}

describe.each(minors)('Kubernetes %s', (minor) => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await serverWithCrds(minor);
  }, buildTimeout);
  afterAll(() => server?.stop());

  test('takes every object with every field, by the CRDs of agent-sandbox', async () => {
    await server.createNamespace('every');
    const shutdownTime = new Date('2100-01-01T00:00:00Z');

    const applied = await server.apply(
      yaml('every', (chart) => {
        const sandbox = new AgentSandbox(chart, 'sandbox', {
          containers,
          podMetadata: { labels: { team: 'a' }, annotations: { note: 'a' } },
          volumeClaimTemplates: [
            { name: 'work', storage, storageClassName: 'fast', labels: { a: 'b' }, mountPath: '/work' },
          ],
          service: true,
          network: {
            sourceCidrs: ['192.0.2.0/24'],
            hostCidrs: ['203.0.113.0/24'],
            allowedEgressCidrs: ['10.1.2.3/32'],
          },
          suspended: true,
          shutdownTime,
          shutdownPolicy: AgentShutdownPolicy.DELETE,
        });
        DockerEngine.on(sandbox, { storage: SystemStorage.claim({ storage }) });
        const machine = new AgentSandbox(chart, 'machine', { system: { podSecurity: PodSecurityLevel.BASELINE } });
        SystemdMachine.on(machine, { container: { image: 'debian-systemd:13' } });
        const desk = new AgentSandbox(chart, 'desk', { system: { podSecurity: PodSecurityLevel.BASELINE } });
        const authorizedKeys = Secret.fromSecretName(chart, 'keys', 'coder-keys');
        DevMachine.on(desk, { image: 'registry.example.org/dev:13', authorizedKeys });
        const template = new AgentSandboxTemplate(chart, 'template', {
          containers,
          volumeClaimTemplates: [{ name: 'work', storage }],
          network: { allowedEgressCidrs: ['10.1.2.3/32'] },
        });
        const updateStrategy = AgentPoolUpdateStrategy.RECREATE;
        const pool = new AgentSandboxWarmPool(chart, 'pool', { template, replicas: 0, updateStrategy });
        new AgentSandboxClaim(chart, 'claim', {
          pool,
          podMetadata: { labels: { 'sandbox.users.io/task': '17' } },
          shutdownTime,
          ttlAfterFinished: Duration.minutes(5),
          shutdownPolicy: AgentShutdownPolicy.DELETE_FOREGROUND,
        });
      }),
    );

    expect(server.warnings).toEqual([]);
    expect(new Set(applied.map(({ kind }) => kind))).toEqual(
      new Set(['ConfigMap', 'NetworkPolicy', 'Sandbox', 'SandboxClaim', 'SandboxTemplate', 'SandboxWarmPool']),
    );
  });
});

describe('with the controller', () => {
  let server: ApiServer;
  let controller: Controller;
  const soon = <T>(attempt: () => Promise<T>) => eventually(attempt, 60_000, () => controller.log());

  beforeAll(async () => {
    server = await serverWithCrds('1.37');
    controller = await startAgentSandboxController(server);
    await server.createNamespace('agents', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    await server.apply(
      yaml('agents', (chart) => {
        new SystemPodPolicy(chart, 'policy');
      }),
    );
    // what Pod Security admits and the policy does not; a policy holds some moments after it is there
    const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
    const spec = {
      runtimeClassName: 'sysbox-runc',
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'a', image: 'a:1', securityContext }],
    };
    await soon(() =>
      expect(
        server.create('/api/v1/namespaces/agents/pods', { metadata: { generateName: 'a-' }, spec }),
      ).rejects.toThrow(/hostUsers/),
    );
    for (const { metadata } of await pods()) await server.delete(`/api/v1/namespaces/agents/pods/${metadata.name}`);
  }, buildTimeout);
  afterAll(async () => {
    controller?.stop();
    await server?.stop();
  });

  const pods = () => server.list('/api/v1/namespaces/agents/pods');
  const only = async (what: (pod: KubeObject) => boolean) => {
    const found = (await pods()).filter((pod) => what(pod) && !pod.metadata.deletionTimestamp);
    if (found.length !== 1) throw new Error(`${found.length} pods: ${(await pods()).map((pod) => pod.metadata.name)}`);
    return found[0] as KubeObject;
  };
  const isReady = (pod: KubeObject, podIP: string) =>
    server.patch(`/api/v1/namespaces/agents/pods/${pod.metadata.name}/status`, {
      status: {
        phase: 'Running',
        podIP,
        podIPs: [{ ip: podIP }],
        conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }],
      },
    });
  const sandbox = (name: string) => server.get(`/apis/agents.x-k8s.io/v1beta1/namespaces/agents/sandboxes/${name}`);
  const patchMode = (operatingMode: string) =>
    server.patch('/apis/agents.x-k8s.io/v1beta1/namespaces/agents/sandboxes/agents-docker', {
      spec: { operatingMode },
    });

  test('a sandbox with Docker is a system pod that passes Restricted and the policy', async () => {
    await server.apply(
      yaml('agents', (chart) => {
        const it = new AgentSandbox(chart, 'docker', { containers });
        DockerEngine.on(it, { mode: DockerEngineMode.SIDECAR, storage: SystemStorage.claim({ storage }) });
      }),
    );

    const pod = await soon(() => only(({ metadata }) => metadata.name === 'agents-docker'));

    expect(pod.spec).toMatchObject({
      hostUsers: false,
      runtimeClassName: 'sysbox-runc',
      automountServiceAccountToken: false,
    });
    expect(pod.spec.volumes).toContainEqual({
      name: 'docker-data',
      persistentVolumeClaim: { claimName: 'docker-data-agents-docker' },
    });
    const [policy] = await server.list('/apis/networking.k8s.io/v1/namespaces/agents/networkpolicies');
    expect(pod.metadata.labels).toMatchObject(policy!.spec.podSelector.matchLabels);
  }, 120_000);

  test('suspended it has no pod and keeps its claim; resumed it has both', async () => {
    const claim = () => server.get('/api/v1/namespaces/agents/persistentvolumeclaims/docker-data-agents-docker');
    const { uid } = (await claim()).metadata;

    await patchMode('Suspended');
    await soon(async () => {
      const left = (await pods()).map((pod) => pod.metadata.name);
      if (left.length > 0) throw new Error(`still there: ${left}`);
    });
    expect((await claim()).metadata.uid).toBe(uid);

    await patchMode('Running');
    const pod = await soon(() => only(({ metadata }) => metadata.name === 'agents-docker'));
    await isReady(pod, '10.42.0.7');
    await soon(async () => {
      const { status } = await sandbox('agents-docker');
      const ready = status.conditions.find(({ type }: KubeObject) => type === 'Ready');
      if (ready?.status !== 'True') throw new Error(JSON.stringify(ready));
    });
    expect((await claim()).metadata.uid).toBe(uid);
  }, 120_000);

  test('a pool starts sandboxes that a claim adopts, with one NetworkPolicy for all', async () => {
    const inPool = ({ metadata }: KubeObject) => metadata.name.startsWith('agents-pool');
    await server.apply(
      yaml('agents', (chart) => {
        const template = new AgentSandboxTemplate(chart, 'template', { containers });
        DockerEngine.on(template, { mode: DockerEngineMode.SIDECAR });
        new AgentSandboxWarmPool(chart, 'pool', { template, replicas: 1 });
      }),
    );
    const warm = await soon(() => only(inPool));
    expect(warm.spec).toMatchObject({ hostUsers: false, runtimeClassName: 'sysbox-runc' });
    await isReady(warm, '10.42.0.8');

    await server.apply(
      yaml('agents', (chart) => {
        const template = new AgentSandboxTemplate(chart, 'template', { containers });
        DockerEngine.on(template, { mode: DockerEngineMode.SIDECAR });
        const pool = new AgentSandboxWarmPool(chart, 'pool', { template, replicas: 1 });
        new AgentSandboxClaim(chart, 'claim', { pool, podMetadata: { labels: { 'sandbox.users.io/task': '17' } } });
      }),
    );
    const claim = await soon(async () => {
      const it = await server.get(
        '/apis/extensions.agents.x-k8s.io/v1beta1/namespaces/agents/sandboxclaims/agents-claim',
      );
      if (!it.status?.sandbox?.name) throw new Error(JSON.stringify(it.status));
      return it;
    });

    const adopted = await sandbox(claim.status.sandbox.name);
    expect(adopted.metadata.ownerReferences).toContainEqual(
      expect.objectContaining({ kind: 'SandboxClaim', name: 'agents-claim' }),
    );
    expect(adopted.status.podIPs).toEqual(['10.42.0.8']);
    // the pool starts another
    await soon(async () => {
      const all = (await pods()).filter(inPool);
      if (all.length < 2) throw new Error(`${all.length} pods of the pool`);
    });
    const policy = await server.get(
      '/apis/networking.k8s.io/v1/namespaces/agents/networkpolicies/agents-template-network-policy',
    );
    const pod = await server.get(`/api/v1/namespaces/agents/pods/${warm.metadata.name}`);
    expect(pod.metadata.labels).toMatchObject(policy.spec.podSelector.matchLabels);
    expect(pod.metadata.labels['sandbox.users.io/task']).toBe('17');
    expect(policy.spec.egress[0].to[0].podSelector.matchLabels).toEqual({ 'k8s-app': 'kube-dns' });
  }, 120_000);
});
