import { Chart, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { K3kCluster, K3kClusterProps, K3kIngressOptions } from '../../src/k3k';
import { K3sComponent, K3sRegistries, K3sToken, ApiServerExposure } from '../../src/k3s';
import { ContainerEngine, RuntimeReference } from '../../src/runtime';
import { PodSecurityLevel, SystemOptions, SystemStorage } from '../../src/workloads';
import { Manifest, synth, testChart } from '../support/synth';
import { crd, mistakes } from './crd';

const newest = crd('clusters.yaml');
const oldest = crd('clusters-v1.1.0.yaml');

type Props = K3kClusterProps | ((chart: Chart) => K3kClusterProps);

function cluster(props: Props = {}): Manifest {
  const [made, ...others] = synth(
    (chart) => {
      const given = typeof props === 'function' ? props(chart) : props;
      new K3kCluster(chart, 'it', { clusterName: 'dev', ...given });
    },
    { namespace: 'team' },
  );
  expect(others).toEqual([]);
  return made as Manifest;
}

const spec = (props: Props = {}) => cluster(props).spec;

test('is a Cluster whose nodes are system pods, with addresses clear of the host’s and no privilege', () => {
  expect(cluster()).toEqual({
    apiVersion: 'k3k.io/v1beta1',
    kind: 'Cluster',
    metadata: { name: 'dev', namespace: 'team' },
    spec: {
      mode: 'virtual',
      servers: 1,
      agents: 0,
      clusterCIDR: '10.52.0.0/16',
      serviceCIDR: '10.53.0.0/16',
      clusterDNS: '10.53.0.10',
      persistence: { type: 'dynamic', storageRequestSize: '10Gi' },
      runtimeClassName: 'sysbox-runc',
      hostUsers: false,
      securityContext: { privileged: false },
    },
  });
});

test('is named and found as K3k names it', () => {
  const chart = testChart();
  const made = new K3kCluster(chart, 'it', { clusterName: 'dev' });

  expect(made.clusterName).toBe('dev');
  expect(made.kubeconfigSecret.name).toBe('k3k-dev-kubeconfig');
  expect(made.kubeconfigKey).toBe('kubeconfig.yaml');
  expect(new K3kCluster(chart, 'unnamed').clusterName).toMatch(/^test-unnamed-c[0-9a-f]{7}$/);
});

const everyIngressOption: Required<K3kIngressOptions> = { ingressClassName: 'nginx', annotations: { a: 'b' } };

const everyProp = (chart: Chart): Required<K3kClusterProps> => ({
  version: 'v1.36.2+k3s1',
  clusterName: 'other',
  servers: 3,
  agents: 2,
  server: {
    nodeLabels: { a: 'b' },
    nodeTaints: ['a=b:NoSchedule'],
    kubeletArgs: ['max-pods=50'],
    disable: [K3sComponent.TRAEFIK],
    tlsSans: ['k3s.example.org'],
    extraArgs: ['--debug'],
    storage: SystemStorage.claim({ storage: Size.gibibytes(3), storageClassName: 'fast' }),
    envVariables: {
      A: kplus.EnvValue.fromSecretValue({ secret: kplus.Secret.fromSecretName(chart, 's', 's'), key: 'k' }),
    },
    resources: { memory: { limit: Size.gibibytes(2) }, cpu: { limit: kplus.Cpu.units(2) } },
  },
  agent: {
    nodeLabels: { c: 'd' },
    extraArgs: ['--lb-server-port=6445'],
    envVariables: { B: kplus.EnvValue.fromValue('c') },
    resources: { memory: { request: Size.mebibytes(512), limit: Size.gibibytes(1) } },
  },
  network: { clusterCidr: '172.16.0.0/16', serviceCidr: '172.17.0.0/16', clusterDns: '172.17.0.53' },
  token: K3sToken.fromSecret(kplus.Secret.fromSecretName(chart, 'token', 'mine')),
  expose: ApiServerExposure.loadBalancer({ port: 8443 }),
  ingress: everyIngressOption,
  registries: K3sRegistries.fromSecret(kplus.Secret.fromSecretName(chart, 'registries', 'registries'), 'hosts'),
  system: {
    runtime: RuntimeReference.fromRuntimeClassName('sysbox', { clusterVersion: '1.36' }),
    nodeSelector: { disk: 'ssd' },
    priorityClassName: 'high',
    podSecurity: PodSecurityLevel.RESTRICTED,
  },
  extraSpec: { mirrorHostNodes: true, addons: [{ secretRef: 'manifests' }] },
});

const rendered: Record<keyof K3kClusterProps, object> = {
  version: { spec: { version: 'v1.36.2-k3s1' } },
  clusterName: { metadata: { name: 'other' } },
  servers: { spec: { servers: 3 } },
  agents: { spec: { agents: 2 } },
  server: {
    spec: {
      serverArgs: [
        '--disable=traefik',
        '--node-label=a=b',
        '--node-taint=a=b:NoSchedule',
        '--kubelet-arg=max-pods=50',
        '--debug',
      ],
      tlsSANs: ['k3s.example.org'],
      serverEnvs: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
      serverLimit: { cpu: '2', memory: '2048Mi' },
      persistence: { type: 'dynamic', storageRequestSize: '3Gi', storageClassName: 'fast' },
    },
  },
  agent: {
    spec: {
      agentArgs: ['--node-label=c=d', '--lb-server-port=6445'],
      agentEnvs: [{ name: 'B', value: 'c' }],
      workerResources: { requests: { memory: '512Mi' }, limits: { memory: '1024Mi' } },
    },
  },
  network: { spec: { clusterCIDR: '172.16.0.0/16', serviceCIDR: '172.17.0.0/16', clusterDNS: '172.17.0.53' } },
  token: { spec: { tokenSecretRef: { name: 'mine', namespace: 'team' } } },
  expose: { spec: { expose: { loadBalancer: { serverPort: 8443 } } } },
  ingress: { spec: { expose: { ingress: { ingressClassName: 'nginx', annotations: { a: 'b' } } } } },
  registries: {
    spec: {
      secretMounts: [
        { secretName: 'registries', mountPath: '/etc/rancher/k3s/registries.yaml', subPath: 'hosts', role: 'all' },
      ],
    },
  },
  system: {
    spec: {
      runtimeClassName: 'sysbox',
      hostUsers: false,
      nodeSelector: { disk: 'ssd' },
      priorityClass: 'high',
      securityContext: {
        privileged: false,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    },
  },
  extraSpec: { spec: { mirrorHostNodes: true, addons: [{ secretRef: 'manifests' }] } },
};

describe.each(Object.keys(rendered) as (keyof K3kClusterProps)[])('the prop %s', (prop) => {
  const made = () => cluster((chart) => ({ [prop]: everyProp(chart)[prop] }));

  test('has its effect', () => {
    expect(made()).toMatchObject(rendered[prop]);
    expect(cluster()).not.toMatchObject(rendered[prop]);
  });

  test('is what K3k 1.1 and 1.2 know', () => {
    expect(mistakes(made(), newest)).toEqual([]);
    expect(mistakes(made(), oldest)).toEqual([]);
  });
});

test('an emptyDir', () => {
  expect(spec({ server: { storage: SystemStorage.emptyDir() } }).persistence).toEqual({ type: 'ephemeral' });
});

test.each([
  ['a load balancer', ApiServerExposure.loadBalancer(), { loadBalancer: {} }],
  ['a port of the nodes', ApiServerExposure.nodePort({ port: 30443 }), { nodePort: { serverPort: 30443 } }],
  ['any port of the nodes', ApiServerExposure.nodePort(), { nodePort: {} }],
])('is exposed by %s', (_, expose, expected) => {
  expect(spec({ expose }).expose).toEqual(expected);
});

test('annotations of the Service are K3k 1.2’s', () => {
  const made = cluster({ expose: ApiServerExposure.loadBalancer({ annotations: { a: 'b' } }) });

  expect(mistakes(made, newest)).toEqual([]);
  expect(mistakes(made, oldest)).toEqual(['.spec.expose.annotations: unknown']);
});

test('a seccomp profile is that of the containers, which K3k 1.1 knows too', () => {
  const seccompProfile = { type: kplus.SeccompProfileType.LOCALHOST, localhostProfile: 'wide.json' };

  const made = cluster({ system: { seccompProfile } });

  expect(made.spec.securityContext).toEqual({ privileged: false, seccompProfile });
  expect(mistakes(made, oldest)).toEqual([]);
});

const old = RuntimeReference.fromRuntimeClassName('sysbox-runc', { clusterVersion: '1.33' });
const crio = RuntimeReference.fromRuntimeClassName('sysbox-runc', {
  containerEngine: ContainerEngine.CRIO,
  clusterVersion: '1.32',
});
const requests = { memory: { request: Size.mebibytes(512) } };

test('limits need no newer Kubernetes', () => {
  const resources = { memory: { limit: Size.mebibytes(512) } };

  expect(spec({ system: { runtime: old }, server: { resources } }).serverLimit).toEqual({ memory: '512Mi' });
});

test.each<[string, Props, string]>([
  [
    'an even number of servers',
    { servers: 2 },
    'test/it: servers is 2. Give an odd number: etcd needs a majority, and an even number tolerates no more failures',
  ],
  ['no server', { servers: 0 }, 'test/it: servers is 0. Give an odd number'],
  ['half an agent', { agents: 1.5 }, 'test/it: agents is 1.5. Give a whole number from 0'],
  ['a bad name', { clusterName: 'Dev' }, "test/it: clusterName 'Dev' must be at most 45"],
  ['a bad version', { version: '1.36' }, "test/it: version '1.36' is not a version of K3s. Write it as 'v1.36.2+k3s1'"],
  [
    "the host's addresses",
    { network: { clusterCidr: '10.42.0.0/16' } },
    'test/it: 10.42.0.0/16 of clusterCidr overlaps',
  ],
  [
    'more nodes than addresses',
    { agents: 1, network: { clusterCidr: '10.52.0.0/24' } },
    'test/it: clusterCidr has 10.52.0.0/24, room for 1 nodes of a /24 each, and the cluster has 2',
  ],
  [
    'two families',
    { network: { clusterCidr: '10.52.0.0/16,fd00:52::/56', serviceCidr: '10.53.0.0/16,fd00:53::/112' } },
    'test/it: K3k has one CIDR for pods and one for Services. Give one family, or use K3sCluster',
  ],
  [
    'two ways in',
    { expose: ApiServerExposure.nodePort(), ingress: {} },
    'test/it: expose and ingress exclude each other in K3k. Give one',
  ],
  [
    'another key of the token',
    (chart) => ({
      token: K3sToken.fromSecret(kplus.Secret.fromSecretName(chart, 't', 't'), { serverKey: 'other' }),
    }),
    "test/it: K3k reads its token from the key 'token' and has none for agents. Use such a Secret",
  ],
  [
    'a token for agents',
    (chart) => ({ token: K3sToken.fromSecret(kplus.Secret.fromSecretName(chart, 't', 't'), { agentKey: 'a' }) }),
    "test/it: K3k reads its token from the key 'token' and has none for agents",
  ],
  [
    'a registries.yaml in a ConfigMap',
    (chart) => ({ registries: K3sRegistries.fromConfigMap(kplus.ConfigMap.fromConfigMapName(chart, 'c', 'c')) }),
    'test/it: K3k mounts Secrets only. Use K3sRegistries.fromSecret()',
  ],
  [
    'an argument that the shell would change',
    { server: { kubeApiserverArgs: ['audit-log-path=$HOME/x'] } },
    "test/it: the argument '--kube-apiserver-arg=audit-log-path=$HOME/x' does not reach K3s as it is: K3k puts the servers' " +
      'arguments into a shell script. Leave out spaces, quotes, backslashes and any of $ ` * ? [',
  ],
  [
    'a bad argument',
    { agent: { extraArgs: ['x'] } },
    "test/it: extraArgs has 'x'. Write each as '--flag' or '--flag=value'",
  ],
  ['a bad name of the server', { server: { tlsSans: ['a b'] } }, "test/it: tlsSans has 'a b'"],
  [
    'a secret in the environment',
    { agent: { envVariables: { K3S_TOKEN: kplus.EnvValue.fromValue('x') } } },
    'test/it: envVariables has K3S_TOKEN as text, a secret in a manifest',
  ],
  [
    'requests where Kubernetes has no resources of pods',
    { server: { resources: requests }, system: { runtime: old } },
    'test/it: a request of a K3k node, which K3k renders as resources of the pod works from Kubernetes 1.34 on, and the cluster is ' +
      '1.33 (KEP-2837)',
  ],
  [
    'a field that another prop sets',
    { extraSpec: { hostUsers: true } },
    "test/it: extraSpec has 'hostUsers', which another prop sets. Use that prop",
  ],
  [
    'CRI-O before 1.33',
    { system: { runtime: crio } },
    'test/it: before Kubernetes 1.33 CRI-O makes a user namespace for an annotation of the pod, and K3k sets none. Upgrade the cluster, or',
  ],
  [
    'two runtimes',
    { system: { runtime: old, runtimeClassName: 'other' } },
    "test/it: runtimeClassName is 'other', but the runtime's is 'sysbox-runc'. Give one of the two",
  ],
  [
    'a cluster that drops hostUsers',
    { system: { runtime: { runtimeClassName: 'a', clusterVersion: '1.32' } } },
    'test/it: hostUsers: false works from Kubernetes 1.33 on, and the cluster is 1.32',
  ],
])('refuses %s', (_, props, message) => {
  expect(() => cluster(props)).toThrow(message);
});

test.each<[keyof SystemOptions, SystemOptions]>([
  ['containers', { containers: { k3s: { tty: true } } }],
  ['imagePullSecrets', { imagePullSecrets: [] }],
  ['overhead', { overhead: { cpu: kplus.Cpu.units(1) } }],
  ['topologySpreadConstraints', { topologySpreadConstraints: [] }],
  ['acknowledge', { acknowledge: [{ rule: 'a', reason: 'b' }] }],
])('refuses system.%s, for which K3k has no field', (option, system) => {
  expect(() => cluster({ system })).toThrow(
    `test/it: system.${option} has no field in K3k's Cluster. Leave it out, or use K3sCluster`,
  );
});

test('refuses a token without a namespace to find it in', () => {
  const chart = testChart();
  const token = K3sToken.fromSecret(kplus.Secret.fromSecretName(chart, 't', 't'));

  expect(() => new K3kCluster(chart, 'it', { token })).toThrow('test/it: the chart has no namespace');
});

const storage = Size.gibibytes(1);

test.each([
  [
    'a limit of an emptyDir',
    SystemStorage.emptyDir(storage),
    'K3k sets no limit on an emptyDir. Use SystemStorage.emptyDir()',
  ],
  [
    'storage of the node',
    SystemStorage.nodeLocal(),
    'K3k has claims and emptyDirs only. Use SystemStorage.claim() or emptyDir()',
  ],
  ['a claim of the pod', SystemStorage.ephemeralClaim({ storage }), 'K3k has claims and emptyDirs only'],
  [
    'labels of a claim',
    SystemStorage.claim({ storage, labels: {} }),
    'K3k has no field for labels of a claim. Leave it out',
  ],
  ['annotations', SystemStorage.claim({ storage, annotations: {} }), 'K3k has no field for annotations of a claim'],
  ['access modes', SystemStorage.claim({ storage, accessModes: [] }), 'K3k has no field for accessModes of a claim'],
  [
    'nothing',
    SystemStorage.claim({ storage: Size.mebibytes(0) }),
    'a claim of 0 MiB cannot hold anything. Request at least 1 MiB',
  ],
])('refuses %s as storage', (_, given, message) => {
  expect(() => cluster({ server: { storage: given } })).toThrow(`test/it: server.storage: ${message}`);
});

test('refuses storage of agents', () => {
  expect(() => cluster({ agent: { storage: SystemStorage.emptyDir() } })).toThrow(
    'test/it: agent.storage: K3k keeps the data of agents in an emptyDir. Leave it out',
  );
});

test('refuses less memory than K3s itself needs', () => {
  const resources = { memory: { limit: Size.mebibytes(128) } };

  expect(() => cluster({ server: { resources } })).toThrow(
    'test/it: a memory limit of 128 MiB is less than K3s itself',
  );
  expect(() => cluster({ agent: { resources } })).toThrow('test/it: a memory limit of 128 MiB is less than K3s itself');
});

test('each prop of its own knows all its fields', () => {
  const fields = Object.keys(newest.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties);
  const free = fields.filter((field) => {
    try {
      cluster({ extraSpec: { [field]: {} } });
      return true;
    } catch {
      return false;
    }
  });

  expect(free).toEqual(['addons', 'agentAffinity', 'customCAs', 'mirrorHostNodes', 'serverAffinity', 'sync']);
});
