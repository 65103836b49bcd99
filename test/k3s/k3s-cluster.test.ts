import { Chart, Duration, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import {
  K3sCluster,
  K3sClusterProps,
  K3sComponent,
  K3sInit,
  K3sNodeOptions,
  K3sRegistries,
  K3sServerOptions,
  K3sToken,
  ApiServerExposure,
  ApiServerExposureOptions,
} from '../../src/k3s';
import { RuntimeReference } from '../../src/runtime';
import { ClaimOptions, PodSecurityLevel, SystemStorage } from '../../src/workloads';
import { Manifest, only, synth, testChart } from '../support/synth';

const version = 'v1.36.2+k3s1';

/** The last words of a command that checks the programs before it runs one. */
const checked = (program: string) => [
  'check',
  '/opt/cdk8s-sysbox/k3s-programs',
  expect.stringMatching(/^[0-9a-f]{64}$/),
  program,
];

function manifests(props: Partial<K3sClusterProps> | ((chart: Chart) => Partial<K3sClusterProps>) = {}): Manifest[] {
  return synth(
    (chart) => {
      const given = typeof props === 'function' ? props(chart) : props;
      new K3sCluster(chart, 'it', { clusterName: 'dev', version, ...given });
    },
    { namespace: 'team' },
  );
}

const server = (all: Manifest[]) => only(all, 'StatefulSet', 'dev-server').spec;
const agents = (all: Manifest[]) => only(all, 'StatefulSet', 'dev-agent').spec;
const containerOf = (set: Manifest, name: string) =>
  set.template.spec.containers.find((c: Manifest) => c.name === name);
const k3s = (set: Manifest) => containerOf(set, 'k3s');
const tokenJob = (all: Manifest[]) => all.find((m) => m.kind === 'Job') as Manifest;

test('is one server, and what it needs', () => {
  expect(manifests().map((m) => `${m.kind} ${m.metadata.name}`)).toEqual([
    expect.stringMatching(/^ConfigMap dev-programs-[0-9a-f]{10}$/),
    'Secret dev-token',
    'ServiceAccount dev-token',
    'Role dev-token',
    'RoleBinding dev-token',
    expect.stringMatching(/^Job dev-token-[0-9a-f]{10}$/),
    'Secret dev-kubeconfig',
    'ServiceAccount dev-kubeconfig',
    'Role dev-kubeconfig',
    'RoleBinding dev-kubeconfig',
    'Service dev',
    'StatefulSet dev-server',
    'PodDisruptionBudget dev',
  ]);
});

test('all of it is in the namespace of the chart', () => {
  expect(new Set(manifests({ agents: 1 }).map((m) => m.metadata.namespace))).toEqual(new Set(['team']));
});

test('is reached by a Service whose names the certificate has', () => {
  const all = manifests();
  const service = only(all, 'Service', 'dev');

  expect(service.spec).toMatchObject({ type: 'ClusterIP', ports: [{ name: 'api', port: 6443, targetPort: 6443 }] });
  expect(service.spec.selector).toEqual(server(all).selector.matchLabels);
  const sans = k3s(server(all)).args.filter((arg: string) => arg.startsWith('--tls-san='));
  expect(sans).toEqual([
    '--tls-san=dev',
    '--tls-san=dev.team',
    '--tls-san=dev.team.svc',
    '--tls-san=dev.team.svc.cluster.local',
  ]);
});

test('agents join by the Service, with a token of their own', () => {
  const all = manifests({ agents: 3 });

  expect(agents(all)).toMatchObject({ replicas: 3, serviceName: 'dev-agent', podManagementPolicy: 'Parallel' });
  expect(k3s(agents(all)).args).toEqual([
    'agent',
    '--node-name=$(NODE_NAME)',
    '--server=https://dev.team.svc:6443',
    '--token-file=/etc/rancher/token/agent-token',
    '--kubelet-arg=healthz-bind-address=$(POD_IP)',
  ]);
  const tokens = agents(all).template.spec.volumes.find((v: Manifest) => v.name === 'k3s-token');
  expect(tokens.secret.items).toEqual([{ key: 'agent-token', path: 'agent-token' }]);
  expect(only(all, 'Service', 'dev-agent').spec).toMatchObject({ clusterIP: 'None' });
});

describe('the tokens', () => {
  test('are made in the cluster by a Job that may touch their Secret only', () => {
    const all = manifests();

    expect(only(all, 'Secret', 'dev-token')).not.toHaveProperty('data');
    expect(only(all, 'Secret', 'dev-token')).not.toHaveProperty('stringData');
    expect(only(all, 'Role', 'dev-token').rules).toEqual([
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['dev-token'], verbs: ['get', 'patch'] },
    ]);
    expect(only(all, 'RoleBinding', 'dev-token')).toMatchObject({
      roleRef: { kind: 'Role', name: 'dev-token' },
      subjects: [{ kind: 'ServiceAccount', name: 'dev-token', namespace: 'team' }],
    });
    // Tried again for days: a Job that has failed is not made again by another `apply`.
    expect(tokenJob(all).spec.backoffLimit).toBe(1000);
    expect(tokenJob(all).spec.template.spec).toMatchObject({
      serviceAccountName: 'dev-token',
      automountServiceAccountToken: true,
      restartPolicy: 'OnFailure',
      runtimeClassName: 'sysbox-runc',
      hostUsers: false,
      containers: [
        {
          image: 'docker.io/rancher/k3s:v1.36.2-k3s1',
          command: expect.arrayContaining(checked('token.sh')),
          env: [
            { name: 'SECRET_NAME', value: 'dev-token' },
            { name: 'SECRET_KEYS', value: 'token agent-token' },
          ],
        },
      ],
    });
  });

  test('another version is another Job, as a Job cannot be changed', () => {
    const [one, same, other] = [version, version, 'v1.36.3+k3s1'].map(
      (it) => tokenJob(manifests({ version: it })).metadata.name,
    );

    expect(one).toBe(same);
    expect(one).not.toBe(other);
  });

  test('can be there already: then there is no Job', () => {
    const all = manifests((chart) => ({
      token: K3sToken.fromSecret(kplus.Secret.fromSecretName(chart, 's', 'mine'), { serverKey: 'a', agentKey: 'b' }),
      agents: 1,
    }));

    expect(tokenJob(all)).toBeUndefined();
    expect(k3s(server(all)).args).toContain('--token-file=/etc/rancher/token/a');
    expect(k3s(agents(all)).args).toContain('--token-file=/etc/rancher/token/b');
  });
});

describe('the kubeconfig', () => {
  test('is published by a container that may touch its Secret only', () => {
    const all = manifests();

    expect(only(all, 'Secret', 'dev-kubeconfig')).not.toHaveProperty('data');
    expect(only(all, 'Role', 'dev-kubeconfig').rules).toEqual([
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['dev-kubeconfig'], verbs: ['get', 'patch'] },
    ]);
    expect(containerOf(server(all), 'kubeconfig')).toMatchObject({
      image: 'docker.io/rancher/k3s:v1.36.2-k3s1',
      command: expect.arrayContaining(checked('publish.sh')),
      env: [
        { name: 'CLUSTER_URL', value: 'https://dev.team.svc:6443' },
        { name: 'INTERVAL', value: '10' },
        { name: 'KUBECONFIG_FILE', value: '/etc/rancher/k3s/k3s.yaml' },
        { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'SECRET_KEY', value: 'kubeconfig.yaml' },
        { name: 'SECRET_NAME', value: 'dev-kubeconfig' },
      ],
    });
  });

  test('K3s itself has no token of the host cluster', () => {
    const { spec } = server(manifests()).template;
    const withToken = spec.containers.filter((c: Manifest) =>
      c.volumeMounts.some((m: Manifest) => m.mountPath.startsWith('/var/run/secrets')),
    );

    expect(spec.automountServiceAccountToken).toBe(false);
    expect(withToken.map((c: Manifest) => c.name)).toEqual(['kubeconfig']);
  });

  test('is never on a disk of the pod', () => {
    const { spec } = server(manifests()).template;

    expect(spec.volumes).toContainEqual({ name: 'k3s-kubeconfig', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } });
  });

  test('is found by other constructs', () => {
    const chart = testChart({ namespace: 'team' });
    const cluster = new K3sCluster(chart, 'it', { clusterName: 'dev', version, agents: 1 });

    expect(cluster.kubeconfigSecret.name).toBe('dev-kubeconfig');
    expect(cluster.kubeconfigKey).toBe('kubeconfig.yaml');
    expect(cluster.url).toBe('https://dev.team.svc:6443');
    expect(cluster.service.name).toBe('dev');
    expect(cluster.server.name).toBe('dev-server');
    expect(cluster.agents?.name).toBe('dev-agent');
    expect(cluster.token.secret.name).toBe('dev-token');
    expect(cluster.clusterName).toBe('dev');
  });
});

test('each pod keeps what it has: a claim at the special directories', () => {
  for (const set of [server(manifests()), agents(manifests({ agents: 1 }))]) {
    expect(set.volumeClaimTemplates).toEqual([
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10240Mi' } } },
      },
    ]);
    const mounts = k3s(set).volumeMounts.filter((m: Manifest) => m.name === 'data');
    expect(mounts.map((m: Manifest) => m.mountPath)).toEqual([
      '/var/lib/rancher/k3s',
      '/var/lib/kubelet',
      '/etc/rancher/node',
    ]);
  }
});

test('one budget holds for all its pods, and never for one that is not ready', () => {
  const all = manifests({ agents: 2 });
  const budget = only(all, 'PodDisruptionBudget').spec;

  expect(budget).toEqual({
    maxUnavailable: 1,
    selector: { matchLabels: { 'cdk8s-sysbox.io/k3s-cluster': 'dev' } },
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  });
  for (const set of [server(all), agents(all)]) {
    expect(set.template.metadata.labels).toMatchObject(budget.selector.matchLabels);
  }
});

test('two clusters of a chart have nothing in common', () => {
  const all = synth(
    (chart) => {
      for (const name of ['a', 'b']) new K3sCluster(chart, name, { clusterName: name, version, agents: 1 });
    },
    { namespace: 'team' },
  );

  const names = all.map((m) => `${m.kind} ${m.metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
});

test('a name is made from the path', () => {
  const chart = new Chart(Testing.app(), 'c', { namespace: 'team' });

  expect(new K3sCluster(chart, 'dev', { version }).clusterName).toMatch(/^c-dev-c[0-9a-f]{7}$/);
});

test('renders the same when it is rendered twice', () => {
  const chart = testChart({ namespace: 'team' });
  new K3sCluster(chart, 'it', { version, agents: 1 });

  expect(Testing.synth(chart)).toEqual(Testing.synth(chart));
});

describe('several servers', () => {
  const three = (props: Partial<K3sClusterProps> = {}) => manifests({ servers: 3, ...props });
  const env = (all: Manifest[]) =>
    Object.fromEntries(k3s(server(all)).env.map((it: Manifest) => [it.name, it.value ?? it.valueFrom]));

  test('are known to each other by a Service of its own each, before they are ready', () => {
    for (const i of [0, 1, 2]) {
      const { spec } = only(three(), 'Service', `dev-server-${i}`);

      expect(spec).toMatchObject({
        clusterIP: 'None',
        publishNotReadyAddresses: true,
        selector: { 'statefulset.kubernetes.io/pod-name': `dev-server-${i}` },
        ports: [{ port: 2380 }],
      });
      expect(Object.keys(spec.selector)).toHaveLength(1);
    }
  });

  test('have certificates for that name, and tell it to their programs', () => {
    const all = three();

    expect(k3s(server(all)).args).toEqual(
      expect.arrayContaining(['--tls-san=$(NODE_NAME).team.svc', '--etcd-arg=enable-grpc-gateway=true']),
    );
    expect(env(all)).toMatchObject({ JOIN_URL: 'https://dev.team.svc:6443', MEMBER_NAME: '$(NODE_NAME).team.svc' });
    // Kubernetes puts in only what stands before
    expect(Object.keys(env(all)).indexOf('NODE_NAME')).toBeLessThan(Object.keys(env(all)).indexOf('MEMBER_NAME'));
  });

  test('are one StatefulSet whose pods start together, as they make each other ready', () => {
    expect(server(three())).toMatchObject({ replicas: 3, podManagementPolicy: 'Parallel', serviceName: 'dev' });
    expect(server(three()).updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { partition: 0 } });
  });

  test('see the kubeconfig that says that their cluster has existed', () => {
    const { spec } = server(three()).template;

    expect(spec.volumes).toContainEqual({
      name: 'k3s-known-cluster',
      secret: {
        secretName: 'dev-kubeconfig',
        optional: true,
        defaultMode: 0o400,
        items: [{ key: 'kubeconfig.yaml', path: 'kubeconfig.yaml' }],
      },
    });
    expect(k3s(server(three())).volumeMounts).toContainEqual({
      name: 'k3s-known-cluster',
      mountPath: '/etc/rancher/cluster',
      readOnly: true,
    });
  });

  test('leave one at a time, however many agents may', () => {
    const all = three({ agents: 2, maxUnavailable: 2 });

    expect(only(all, 'PodDisruptionBudget', 'dev').spec).toEqual({
      maxUnavailable: 1,
      selector: { matchLabels: { 'cdk8s-sysbox.io/k3s-cluster': 'dev', 'cdk8s-sysbox.io/k3s-role': 'server' } },
      unhealthyPodEvictionPolicy: 'IfHealthyBudget',
    });
    expect(only(all, 'PodDisruptionBudget', 'dev-agent').spec).toEqual({
      maxUnavailable: 2,
      selector: { matchLabels: { 'cdk8s-sysbox.io/k3s-cluster': 'dev', 'cdk8s-sysbox.io/k3s-role': 'agent' } },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    });
  });

  test('have one budget when there are no agents, and none leaves where none may', () => {
    const all = three({ maxUnavailable: 0 });

    expect(only(all, 'PodDisruptionBudget').spec.maxUnavailable).toBe(0);
  });

  test('run on different nodes where they can', () => {
    const [spread, ...others] = server(three()).template.spec.topologySpreadConstraints;

    expect(others).toEqual([]);
    expect(spread).toMatchObject({
      topologyKey: 'kubernetes.io/hostname',
      maxSkew: 1,
      whenUnsatisfiable: 'ScheduleAnyway',
    });
    expect(server(three()).template.metadata.labels).toMatchObject(spread.labelSelector.matchLabels);
  });

  test('are spread over the nodes as the user says', () => {
    const given = { topologyKey: 'kubernetes.io/hostname', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' };
    const { topologySpreadConstraints } = server(three({ system: { topologySpreadConstraints: [given] } })).template
      .spec;

    expect(topologySpreadConstraints).toHaveLength(1);
    expect(topologySpreadConstraints[0]).toMatchObject(given);
  });

  test('five are allowed', () => {
    expect(server(manifests({ servers: 5 })).replicas).toBe(5);
  });

  test('one server has nothing of it', () => {
    const all = manifests();

    expect(env(all)).not.toHaveProperty('JOIN_URL');
    expect(env(all)).not.toHaveProperty('MEMBER_NAME');
    expect(all.filter((m) => m.kind === 'Service')).toHaveLength(1);
    expect(server(all).template.spec).not.toHaveProperty('topologySpreadConstraints');
    expect(JSON.stringify(k3s(server(all)))).not.toMatch(/etcd|known-cluster/);
  });
});

const storage: Required<ClaimOptions> = {
  storage: Size.gibibytes(3),
  storageClassName: 'fast',
  accessModes: [kplus.PersistentVolumeAccessMode.READ_WRITE_ONCE_POD],
  labels: { a: 'b' },
  annotations: { c: 'd' },
};
const claimed = {
  volumeClaimTemplates: [
    {
      metadata: { name: 'data', labels: { a: 'b' }, annotations: { c: 'd' } },
      spec: {
        accessModes: ['ReadWriteOncePod'],
        resources: { requests: { storage: '3072Mi' } },
        storageClassName: 'fast',
      },
    },
  ],
};
const serverOptions: K3sServerOptions = {
  storage: SystemStorage.claim(storage),
  disable: [K3sComponent.TRAEFIK],
  nodeLabels: { a: 'b' },
};
const agentOptions: K3sNodeOptions = { storage: SystemStorage.claim(storage), nodeLabels: { a: 'b' } };
const exposeOptions: Required<ApiServerExposureOptions> = { port: 443, annotations: { pool: 'public' } };

const everyProp = (chart: Chart): Required<K3sClusterProps> => ({
  version: 'v1.35.1+k3s1',
  image: 'mirror/k3s:1',
  imageRepository: 'ghcr.io/k3s-io/k3s',
  init: K3sInit.SYSTEMD,
  clusterName: 'other',
  servers: 3,
  agents: 2,
  server: serverOptions,
  agent: agentOptions,
  network: { clusterCidr: '172.16.0.0/16' },
  token: K3sToken.fromSecret(kplus.Secret.fromSecretName(chart, 'token', 'mine')),
  expose: ApiServerExposure.loadBalancer(exposeOptions),
  kubeconfigUrl: 'https://k3s.example.org:8443',
  registries: K3sRegistries.fromSecret(kplus.Secret.fromSecretName(chart, 'registries', 'registries')),
  maxUnavailable: 0,
  drainTimeout: Duration.minutes(4),
  startTimeout: Duration.minutes(20),
  system: { runtime: RuntimeReference.fromRuntimeClassName('sysbox'), nodeSelector: { disk: 'ssd' } },
});

const pods = (all: Manifest[]) => [server(all), agents(all)].map((set) => set.template.spec);
const args = (...list: string[]) => ({
  containers: expect.arrayContaining([expect.objectContaining({ args: expect.arrayContaining(list) })]),
});

/** What each prop does; all clusters here have agents. */
const effects: Record<keyof K3sClusterProps, (all: Manifest[]) => void> = {
  version: (all) =>
    pods(all).forEach((pod) => expect(pod.containers[0].image).toBe('docker.io/rancher/k3s:v1.35.1-k3s1')),
  image: (all) => {
    const images = all.flatMap((m) => m.spec?.template?.spec.containers ?? []).map((c) => c.image);
    expect(images).toEqual(Array(4).fill('mirror/k3s:1'));
  },
  imageRepository: (all) => {
    const images = all.flatMap((m) => m.spec?.template?.spec.containers ?? []).map((c) => c.image);
    expect(images).toEqual(Array(4).fill('ghcr.io/k3s-io/k3s:v1.36.2-k3s1'));
  },
  init: (all) => pods(all).forEach((pod) => expect(pod.containers[0].command).toEqual(['/sbin/init'])),
  clusterName: (all) => expect(only(all, 'StatefulSet', 'other-server')).toBeDefined(),
  servers: (all) => expect(server(all).replicas).toBe(3),
  agents: (all) => expect(agents(all).replicas).toBe(2),
  server: (all) => {
    expect(server(all)).toMatchObject(claimed);
    expect(pods(all)[0]).toMatchObject(args('--disable=traefik', '--node-label=a=b'));
    expect(pods(all)[1]).not.toMatchObject(args('--node-label=a=b'));
  },
  agent: (all) => {
    expect(agents(all)).toMatchObject(claimed);
    expect(pods(all)[1]).toMatchObject(args('--node-label=a=b'));
    expect(pods(all)[0]).not.toMatchObject(args('--node-label=a=b'));
  },
  network: (all) => expect(pods(all)[0]).toMatchObject(args('--cluster-cidr=172.16.0.0/16')),
  token: (all) => pods(all).forEach((pod) => expect(pod).toMatchObject(args('--token-file=/etc/rancher/token/token'))),
  expose: (all) => {
    expect(only(all, 'Service', 'dev')).toMatchObject({
      metadata: { annotations: { pool: 'public' } },
      spec: { type: 'LoadBalancer', ports: [{ port: 443, targetPort: 6443 }] },
    });
    expect(pods(all)[1]).toMatchObject(args('--server=https://dev.team.svc:443'));
  },
  kubeconfigUrl: (all) => {
    expect(pods(all)[0]).toMatchObject(args('--tls-san=k3s.example.org'));
    expect(containerOf(server(all), 'kubeconfig').env).toContainEqual({
      name: 'CLUSTER_URL',
      value: 'https://k3s.example.org:8443',
    });
  },
  registries: (all) =>
    pods(all).forEach((pod) =>
      expect(pod).toMatchObject(args('--private-registry=/etc/rancher/registries/registries.yaml')),
    ),
  maxUnavailable: (all) => expect(only(all, 'PodDisruptionBudget').spec.maxUnavailable).toBe(0),
  drainTimeout: (all) => pods(all).forEach((pod) => expect(pod.terminationGracePeriodSeconds).toBe(270)),
  startTimeout: (all) => pods(all).forEach((pod) => expect(pod.containers[0].startupProbe.failureThreshold).toBe(240)),
  system: (all) =>
    [...pods(all), tokenJob(all).spec.template.spec].forEach((pod) =>
      expect(pod).toMatchObject({ runtimeClassName: 'sysbox', nodeSelector: { disk: 'ssd' } }),
    ),
};

test.each(Object.keys(effects) as (keyof K3sClusterProps)[])('has the prop %s', (prop) => {
  // systemd is in no image of K3s, so it needs one of the user's
  const image = prop === 'init' ? { image: 'mirror/node:1' } : {};
  const all = manifests((chart) => ({ agents: 1, ...image, [prop]: everyProp(chart)[prop] }));

  effects[prop](all);
});

test.each(Object.keys(effects) as (keyof K3sClusterProps)[])('shows nothing of %s when it is not given', (prop) => {
  expect(() => effects[prop](manifests({ agents: 1 }))).toThrow();
});

test('a port of the nodes', () => {
  const all = manifests({ expose: ApiServerExposure.nodePort({ port: 30443 }) });

  expect(only(all, 'Service', 'dev').spec).toMatchObject({
    type: 'NodePort',
    ports: [{ port: 6443, nodePort: 30443 }],
  });
});

test('an IPv6 address in the kubeconfig', () => {
  const all = manifests({ kubeconfigUrl: 'https://[fd00::1]:6443' });

  expect(k3s(server(all)).args).toContain('--tls-san=fd00::1');
});

test('can follow Pod Security Restricted', () => {
  const all = manifests({ agents: 1, system: { podSecurity: PodSecurityLevel.RESTRICTED } });

  for (const pod of [...pods(all), tokenJob(all).spec.template.spec]) {
    expect(pod.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
    for (const container of pod.containers) {
      expect(container.securityContext).toEqual({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
    }
  }
});

test('options of single containers are those of the servers and agents, not of the Job', () => {
  const all = manifests({ agents: 1, system: { containers: { k3s: { tty: true } } } });

  expect(pods(all).map((pod) => pod.containers[0].tty)).toEqual([true, true]);
});

test.each<[string, Partial<K3sClusterProps>, string]>([
  [
    'an even number of servers',
    { servers: 2 },
    'test/it: servers is 2. 2 servers tolerate no more failures than 1: use 1, 3 or 5',
  ],
  ['four servers', { servers: 4 }, '4 servers tolerate no more failures than 3: use 1, 3 or 5'],
  [
    'too many servers',
    { servers: 7 },
    'test/it: servers is 7. Use 1, which keeps its data in SQLite, or 3 or 5, which share an etcd',
  ],
  ['no server', { servers: 0 }, 'test/it: servers is 0. Use 1'],
  ['half a server', { servers: 1.5 }, 'test/it: servers is 1.5. Use 1'],
  [
    'servers with two databases',
    { servers: 3, server: { envVariables: { K3S_DATASTORE_ENDPOINT: kplus.EnvValue.fromProcess('HOME') } } },
    'test/it: 3 servers keep their data in etcd, and envVariables has K3S_DATASTORE_ENDPOINT. Leave one of the two ' +
      'out: with an external database there is 1 server here',
  ],
  ['half an agent', { agents: 0.5 }, 'test/it: agents is 0.5. Give a whole number from 0'],
  ['a negative budget', { maxUnavailable: -1 }, 'test/it: maxUnavailable is -1. Give a whole number from 0'],
  [
    'a long name',
    { clusterName: 'a'.repeat(46) },
    `test/it: clusterName '${'a'.repeat(46)}' must be at most 45 lower-case letters, digits and '-', and begin with a letter`,
  ],
  ['a name that is none', { clusterName: '1a' }, "test/it: clusterName '1a' must be at most 45"],
  [
    "the host's addresses",
    { network: { serviceCidr: '10.43.0.0/16' } },
    'test/it: 10.43.0.0/16 of serviceCidr overlaps 10.43.0.0/16 of hostCidrs',
  ],
  [
    'more nodes than addresses',
    { agents: 4, network: { clusterCidr: '10.52.0.0/22' } },
    'test/it: clusterCidr has 10.52.0.0/22, room for 4 nodes of a /24 each, and the cluster has 5',
  ],
  [
    'a URL with a path',
    { kubeconfigUrl: 'https://x/y' },
    "test/it: kubeconfigUrl 'https://x/y' must be 'https://host:port', without a path",
  ],
  ['a host that is none', { kubeconfigUrl: 'https://-x' }, "test/it: tlsSans has '-x'"],
  ['a domain that is none', { server: { clusterDomain: 'A b' } }, "test/it/Server: clusterDomain 'A b' is"],
  [
    'more servers than addresses',
    { servers: 5, network: { clusterCidr: '10.52.0.0/22' } },
    'room for 4 nodes of a /24 each, and the cluster has 5',
  ],
  ['what a server refuses', { server: { extraArgs: ['x'] } }, "test/it/Server: extraArgs has 'x'"],
  ['what an agent refuses', { agents: 1, agent: { extraArgs: ['x'] } }, "test/it/Agent: extraArgs has 'x'"],
])('refuses %s', (_, props, message) => {
  expect(() => manifests(props)).toThrow(message);
});

test('addresses for more nodes are a matter of the mask', () => {
  const server = { kubeControllerManagerArgs: ['node-cidr-mask-size=26'] };

  expect(() => manifests({ agents: 4, server, network: { clusterCidr: '10.52.0.0/22' } })).not.toThrow();
});

test('refuses a chart without a namespace', () => {
  expect(() => new K3sCluster(testChart(), 'it', { version })).toThrow(
    'test/it: the chart has no namespace, and the certificate, the kubeconfig and the rights of a nested cluster name it. ' +
      "Write new Chart(app, id, { namespace: '…' })",
  );
});

test('refuses a node port out of range', () => {
  expect(() => ApiServerExposure.nodePort({ port: 443 })).toThrow(
    'node port 443 is not in 30000 to 32767. Leave it out: Kubernetes chooses a free one',
  );
});

test.each([0, 65536, 6443.5])('refuses %p as the port of a load balancer', (port) => {
  expect(() => ApiServerExposure.loadBalancer({ port })).toThrow(
    `port ${port} of a load balancer is not valid. Use a whole number from 1 to 65535`,
  );
});
