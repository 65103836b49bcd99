// What K3k's own controller makes of a K3kCluster. No kubelet and no controller of workloads run: pods are made here from its
// StatefulSet and its Deployment, and the virtual cluster never answers.
import { App, Chart, Size, Yaml } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-30';
import { K3kCluster, K3kClusterProps } from '../../src/k3k';
import { SystemPodPolicy } from '../../src/policy';
import { SystemPodRules } from '../../src/rules';
import { PodSecurityLevel, SystemStorage } from '../../src/workloads';
import { ApiServer, eventually, startApiServer } from './api-server';
import { buildTimeout } from './build';
import { KubeObject } from './client';
import { Controller } from './controller';
import { installK3kCrds, k3kDirectory, startK3kController } from './k3k';

const from = k3kDirectory();
const resources = { cpu: { limit: Cpu.units(2) }, memory: { limit: Size.gibibytes(2) } };

(from ? describe : describe.skip)("K3k's controller", () => {
  let server: ApiServer;
  let controller: Controller;
  beforeAll(async () => {
    server = await startApiServer({ minor: '1.37' });
    await server.apply(
      'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: sysbox-runc }\nhandler: sysbox-runc\n',
    );
    await server.createNamespace('k3k-system');
    await installK3kCrds(server, from as string);
    controller = startK3kController(server, from as string);
    const policy = new Chart(new App(), 'policy');
    new SystemPodPolicy(policy, 'policy');
    await server.apply(Yaml.stringify(...policy.toJson()));
    const bare = { runtimeClassName: 'sysbox-runc', containers: [{ name: 'a', image: 'a:1' }] };
    // a policy holds some moments after it is there
    await eventually(() => expect(pod('default', { metadata: {}, spec: bare })).rejects.toThrow(/hostUsers/));
  }, buildTimeout);
  afterAll(async () => {
    controller?.stop();
    await server?.stop();
  });

  function pod(namespace: string, { metadata: { labels }, spec }: KubeObject): Promise<KubeObject> {
    const made = { metadata: { generateName: 'it-', labels }, spec };
    return server.create(`/api/v1/namespaces/${namespace}/pods`, made);
  }

  /** The cluster in a namespace of its own, which enforces Pod Security, and the pod templates that the controller makes of it. */
  async function templatesOf(name: string, props: K3kClusterProps): Promise<[string, KubeObject][]> {
    const namespace = `k3k-${name}`;
    const enforce = name === 'restricted' ? 'restricted' : 'baseline';
    await server.createNamespace(namespace, { 'pod-security.kubernetes.io/enforce': enforce });
    const chart = new Chart(new App(), 'it', { namespace });
    new K3kCluster(chart, 'it', { clusterName: 'it', version: 'v1.36.2+k3s1', agents: 1, ...props });
    await server.apply(Yaml.stringify(...chart.toJson()));
    const only = (plural: string) =>
      eventually(
        async () => {
          const [found] = await server.list(`/apis/apps/v1/namespaces/${namespace}/${plural}`);
          if (!found) throw new Error(`no ${plural}`);
          return found;
        },
        30_000,
        () => controller.log(),
      );
    const [servers, agents] = [await only('statefulsets'), await only('deployments')];
    const claims = (servers.spec.volumeClaimTemplates ?? []).map(({ metadata: { name } }: KubeObject) => name);
    // what the controller of StatefulSets adds
    const volumes = claims.map((name: string) => ({ name, persistentVolumeClaim: { claimName: `${name}-it-0` } }));
    servers.spec.template.spec.volumes.push(...volumes);
    return [
      ['servers', servers],
      ['agents', agents],
    ];
  }

  test.each([
    ['baseline', {}],
    ['three', { servers: 3, server: { resources }, agent: { resources } }],
    ['restricted', { system: { podSecurity: PodSecurityLevel.RESTRICTED } }],
  ] as [string, K3kClusterProps][])(
    'makes system pods, admitted by Pod Security and the policy: %s',
    async (name, props) => {
      const templates = await templatesOf(name, props);

      for (const [role, { metadata, spec }] of templates) {
        const made = await pod(metadata.namespace, spec.template);
        expect(made.spec).toMatchObject({ runtimeClassName: 'sysbox-runc', hostUsers: false });
        expect(made.spec.containers[0].securityContext).toMatchObject({ privileged: false });
        const plain = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'it' }, spec: spec.template.spec };
        const found = SystemPodRules.check([plain]).map(({ rule, severity }) => `${severity} ${rule}`);
        // a Cluster has no field for service links; the servers' start script names the class
        const warnings = ['warning service-links', ...(role === 'servers' ? ['warning unrecognized-pod'] : [])];
        expect(found).toEqual(warnings);
      }
      const [[, servers]] = templates as [[string, KubeObject]];
      expect(servers.spec.replicas).toBe(props.servers ?? 1);
      expect(servers.spec.volumeClaimTemplates[0].spec.resources.requests.storage).toBe('10Gi');
    },
    120_000,
  );

  test('keeps the data of an ephemeral cluster in an emptyDir', async () => {
    const [[, servers]] = (await templatesOf('emptydir', {
      server: { storage: SystemStorage.emptyDir() },
    })) as [[string, KubeObject]];

    expect(servers.spec.volumeClaimTemplates).toBeUndefined();
    expect(servers.spec.template.spec.volumes).toContainEqual({ name: 'varlibrancherk3s', emptyDir: {} });
  }, 120_000);
});
