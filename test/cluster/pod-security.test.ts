import { ApiServer, startApiServer } from './api-server';
import { buildTimeout, Minor, minors } from './build';
import { KubeObject } from './client';
import { distObject, distText } from './dist';

const levels = ['privileged', 'baseline', 'restricted'] as const;

/** What Restricted asks of a pod that runs as uid 0 in a user namespace of its own. */
function restricted(spec: KubeObject): KubeObject {
  return {
    ...spec,
    securityContext: { ...spec.securityContext, runAsUser: 0, seccompProfile: { type: 'RuntimeDefault' } },
    containers: spec.containers.map((container: KubeObject) => ({
      ...container,
      securityContext: {
        ...container.securityContext,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      },
    })),
  };
}

/** A server with dist/ applied and one namespace for each Pod Security level. */
async function serverWithLevels(minor: Minor, featureGates?: Record<string, boolean>): Promise<ApiServer> {
  const server = await startApiServer({ minor, featureGates });
  await server.apply(distText);
  for (const level of levels) {
    await server.createNamespace(level, { 'pod-security.kubernetes.io/enforce': level });
    await server.createServiceAccount(level, daemonSet().spec.template.spec.serviceAccountName);
  }
  return server;
}

const systemPod = () => distObject('Deployment').spec.template;
const daemonSet = () => distObject('DaemonSet');

/** `admitted`, or what the server has against the pod. */
async function verdict(server: ApiServer, namespace: string, spec: KubeObject): Promise<string> {
  const pod = { metadata: { name: 'tried' }, spec };
  return server.create(`/api/v1/namespaces/${namespace}/pods`, pod, { dryRun: 'All' }).then(
    () => 'admitted',
    (error: Error) => error.message.replace(/^.*?(?=violates PodSecurity)/, ''),
  );
}

describe.each(minors)('Pod Security, Kubernetes %s', (minor) => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await serverWithLevels(minor);
  }, buildTimeout);
  afterAll(() => server?.stop());

  test("Baseline admits the article's pod", async () => {
    expect(await verdict(server, 'baseline', systemPod().spec)).toBe('admitted');
  });

  test("Restricted refuses the article's pod for what it does not say", async () => {
    const refusal = await verdict(server, 'restricted', systemPod().spec);
    expect(refusal).toMatch(/^violates PodSecurity "restricted:latest": /);
    for (const field of ['allowPrivilegeEscalation != false', 'unrestricted capabilities', 'seccompProfile']) {
      expect(refusal).toContain(field);
    }
  });

  test.each(['baseline', 'restricted'])("%s refuses the installer's pods", async (level) => {
    expect(await verdict(server, level, daemonSet().spec.template.spec)).toMatch(/violates PodSecurity .*hostPath/);
  });

  test("a privileged namespace, as the installer's own is, admits the installer's pods", async () => {
    const { metadata, spec } = daemonSet();
    for (const namespace of ['privileged', metadata.namespace]) {
      expect(await verdict(server, namespace, spec.template.spec)).toBe('admitted');
    }
    expect((await server.get(`/api/v1/namespaces/${metadata.namespace}`)).metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'privileged',
    });
  });

  const outcome = minor === '1.37' ? 'admits' : 'refuses, for its uid,';
  test(`Restricted ${outcome} a uid 0 pod in a user namespace without privilege escalation and capabilities`, async () => {
    const answer = await verdict(server, 'restricted', restricted(systemPod().spec));
    if (minor === '1.37') expect(answer).toBe('admitted');
    else expect(answer).toMatch(/runAsNonRoot != true .*, runAsUser=0 \(pod must not set runAsUser=0\)$/);
  });

  test('Restricted refuses the same pod without the user namespace', async () => {
    const { hostUsers, ...spec } = restricted(systemPod().spec);
    expect(hostUsers).toBe(false);
    expect(await verdict(server, 'restricted', spec)).toMatch(/runAsUser=0/);
  });
});

test(
  'with the gate UserNamespacesPodSecurityStandards, Restricted of 1.33 admits uid 0 too',
  async () => {
    const server = await serverWithLevels('1.33', { UserNamespacesPodSecurityStandards: true });
    try {
      expect(await verdict(server, 'restricted', restricted(systemPod().spec))).toBe('admitted');
    } finally {
      await server.stop();
    }
  },
  buildTimeout,
);
