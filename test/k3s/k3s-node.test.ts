import { Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { readdirSync } from 'node:fs';
import {
  K3sComponent,
  K3sFlannelBackend,
  K3sInit,
  K3sNode,
  K3sNodeProps,
  K3sPod,
  K3sRegistries,
  K3sSnapshotter,
  K3sToken,
  K3sTokenOptions,
} from '../../src/k3s';
import { SystemPod, SystemStorage } from '../../src/workloads';
import { Manifest, only, synth } from '../support/synth';
import { kinds } from '../workloads/kinds';

const version = 'v1.36.2+k3s1';

/** The last words of a command that checks the programs before it runs one. */
const checked = (program: string) => [
  'check',
  '/opt/cdk8s-sysbox/k3s-programs',
  expect.stringMatching(/^[0-9a-f]{64}$/),
  program,
];

interface Made {
  readonly pod: Manifest;
  readonly k3s: Manifest;
  readonly manifests: Manifest[];
}

function made(build: (pod: SystemPod) => void): Made {
  const manifests = synth((chart) => build(new SystemPod(chart, 'node', { metadata: { name: 'node' } })));
  const pod = only(manifests, 'Pod').spec;
  return { pod, manifests, k3s: pod.containers.find((c: Manifest) => c.name === 'k3s') };
}

const server = (props: Partial<K3sNodeProps> = {}) => made((pod) => K3sNode.on(pod, { version, ...props }));
const agent = (props: Partial<K3sNodeProps> = {}) =>
  made((pod) => K3sNode.on(pod, { version, serverUrl: 'https://dev.dev.svc:6443', token: token(pod), ...props }));

const everyTokenOption: Required<K3sTokenOptions> = { serverKey: 'server', agentKey: 'agent' };

function token(pod: SystemPod, options: K3sTokenOptions = {}): K3sToken {
  const secret = kplus.Secret.fromSecretName(pod, `token-${Object.keys(options).join('-')}`, 'tokens');
  return K3sToken.fromSecret(secret, options);
}

describe('a server', () => {
  test('is K3s as the first process, with addresses clear of the host’s and no privilege', () => {
    const { pod, k3s } = server();

    expect(k3s.image).toBe('docker.io/rancher/k3s:v1.36.2-k3s1');
    expect(k3s.command.slice(0, 2)).toEqual(['sh', '-c']);
    expect(k3s.command.slice(3)).toEqual(checked('start.sh'));
    expect(k3s.args).toEqual([
      'server',
      '--node-name=$(NODE_NAME)',
      '--cluster-cidr=10.52.0.0/16',
      '--service-cidr=10.53.0.0/16',
      '--cluster-dns=10.53.0.10',
      '--kube-apiserver-arg=authentication-config=/opt/cdk8s-sysbox/k3s-programs/authentication.yaml',
    ]);
    expect(k3s).not.toHaveProperty('securityContext');
    expect(pod).toMatchObject({
      runtimeClassName: 'sysbox-runc',
      hostUsers: false,
      automountServiceAccountToken: false,
    });
  });

  test('answers for itself: readiness, start and stop', () => {
    const { k3s, pod } = server();
    const program = (name: string) => ({ exec: { command: ['sh', `/opt/cdk8s-sysbox/k3s-programs/${name}`] } });

    expect(k3s.readinessProbe).toEqual({
      httpGet: { path: '/readyz', port: 6443, scheme: 'HTTPS' },
      failureThreshold: 3,
      timeoutSeconds: 60,
    });
    expect(k3s.startupProbe).toEqual({
      exec: { command: ['sh', '-c', '[ -e /run/cdk8s-sysbox/started ]'] },
      failureThreshold: 120,
      periodSeconds: 5,
      timeoutSeconds: 60,
    });
    expect(k3s.lifecycle).toEqual({ preStop: program('stop.sh') });
    expect(k3s).not.toHaveProperty('livenessProbe');
    expect(pod.terminationGracePeriodSeconds).toBe(90);
  });

  test('tells the programs who they are and what the pod has', () => {
    const env = Object.fromEntries(server().k3s.env.map(({ name, ...value }: Manifest) => [name, value]));

    expect(env).toEqual({
      NODE_NAME: { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      NODE_ROLE: { value: 'server' },
      NODE_KUBECONFIG: { value: '/var/lib/rancher/k3s/server/cred/admin.kubeconfig' },
      DRAIN_SECONDS: { value: '60' },
      POD_IP: { valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      POD_IPS: { valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } },
      CPU_LIMIT: { valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
      MEMORY_LIMIT: { valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
    });
  });

  test('keeps its data, the kubelet’s and its password together, and mounts all that the image declares as volumes', () => {
    const { pod, k3s } = server();

    expect(k3s.volumeMounts).toEqual([
      { mountPath: '/var/lib/rancher/k3s', name: 'k3s-data', subPath: 'k3s' },
      { mountPath: '/var/lib/kubelet', name: 'k3s-data', subPath: 'kubelet' },
      { mountPath: '/etc/rancher/node', name: 'k3s-data', subPath: 'node' },
      { mountPath: '/var/lib/cni', name: 'k3s-scratch', subPath: 'cni' },
      { mountPath: '/var/log', name: 'k3s-scratch', subPath: 'log' },
      { mountPath: '/opt/cdk8s-sysbox/k3s-programs', name: 'k3s-programs', readOnly: true },
    ]);
    expect(pod.volumes.slice(0, 2)).toEqual([
      { name: 'k3s-data', emptyDir: { sizeLimit: '20480Mi' } },
      { name: 'k3s-scratch', emptyDir: {} },
    ]);
  });

  test('brings its programs in a ConfigMap that is named after their content', () => {
    const { pod, manifests } = server();
    const { metadata, data, immutable } = only(manifests, 'ConfigMap');

    expect(metadata.name).toMatch(/-[0-9a-f]{10}-c[0-9a-f]{7}$|-[0-9a-f]{10}$/);
    expect(metadata.annotations).toEqual({ 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' });
    expect(immutable).toBe(true);
    expect(Object.keys(data)).toEqual(readdirSync('src/k3s/pod').sort());
    expect(pod.volumes).toContainEqual({
      name: 'k3s-programs',
      configMap: { name: metadata.name, defaultMode: 0o555 },
    });
  });
});

describe('an agent', () => {
  test('joins the server, and looks after itself with the kubelet’s rights', () => {
    const { k3s } = agent();

    expect(k3s.args).toEqual([
      'agent',
      '--node-name=$(NODE_NAME)',
      '--server=https://dev.dev.svc:6443',
      '--token-file=/etc/rancher/token/token',
      '--kubelet-arg=healthz-bind-address=$(POD_IP)',
    ]);
    expect(k3s.readinessProbe.httpGet).toEqual({ path: '/healthz', port: 10248, scheme: 'HTTP' });
    expect(k3s.env).toContainEqual({ name: 'API_URL', value: 'https://dev.dev.svc:6443' });
    expect(k3s.env).toContainEqual({ name: 'NODE_ROLE', value: 'agent' });
    expect(k3s.env).toContainEqual({
      name: 'NODE_KUBECONFIG',
      value: '/var/lib/rancher/k3s/agent/kubelet.kubeconfig',
    });
    expect(k3s.ports).toEqual([{ containerPort: 10250, name: 'kubelet' }]);
  });

  test('sees the agents’ token only, when they have one', () => {
    const { pod, k3s } = made((it) =>
      K3sNode.on(it, { version, serverUrl: 'https://x', token: token(it, everyTokenOption) }),
    );

    expect(k3s.args).toContain('--token-file=/etc/rancher/token/agent');
    expect(pod.volumes).toContainEqual({
      name: 'k3s-token',
      secret: { secretName: 'tokens', defaultMode: 0o400, items: [{ key: 'agent', path: 'agent' }] },
    });
  });
});

test.each(Object.values(kinds))('runs in a $name', ({ make, template }) => {
  const manifests = synth((chart) => {
    K3sNode.on(make(chart, 'it', { terminationGracePeriod: Duration.minutes(5) }), { version });
  });

  const own = manifests.find((m) => template(m)?.spec?.containers) as Manifest;
  expect(template(own).spec.containers).toMatchObject([{ name: 'k3s', args: expect.arrayContaining(['server']) }]);
  expect(template(own).spec.terminationGracePeriodSeconds).toBe(300);
});

/** One value for each prop; a new one does not compile until it has a row here and in `rendered`. */
function everyServerProp(pod: SystemPod): Required<K3sNodeProps> {
  return {
    version,
    image: 'registry.example.org/k3s:1',
    imageRepository: 'ghcr.io/k3s-io/k3s',
    serverUrl: 'https://dev.dev.svc:6443',
    init: K3sInit.K3S,
    nodeLabels: { b: '2', a: '1' },
    nodeTaints: ['gpu=yes:NoSchedule', 'spot:NoExecute'],
    snapshotter: K3sSnapshotter.NATIVE,
    kubeletArgs: ['max-pods=50', 'fail-swap-on=false'],
    kubeProxyArgs: ['proxy-mode=nftables'],
    extraArgs: ['--debug', '--etcd-expose-metrics=true'],
    envVariables: { HTTPS_PROXY: kplus.EnvValue.fromValue('http://proxy:3128') },
    resources: { memory: { limit: Size.gibibytes(2) } },
    storage: SystemStorage.fromStorage(kplus.Volume.fromEmptyDir(pod, 'mine', 'mine')),
    registries: K3sRegistries.fromSecret(kplus.Secret.fromSecretName(pod, 'registries', 'registries')),
    drainTimeout: Duration.minutes(2),
    startTimeout: Duration.minutes(3),
    token: token(pod, everyTokenOption),
    network: { clusterCidr: '172.16.0.0/16', serviceCidr: '172.17.0.0/16' },
    disable: [K3sComponent.TRAEFIK, K3sComponent.SERVICE_LB],
    tlsSans: ['k3s.example.org', '192.0.2.1', 'fd00::1', '*.example.org'],
    flannelBackend: K3sFlannelBackend.HOST_GW,
    networkPolicy: false,
    clusterDomain: 'inner.local',
    secretsEncryption: true,
    kubeApiserverArgs: ['audit-log-path=-'],
    kubeControllerManagerArgs: ['node-cidr-mask-size=25'],
    kubeSchedulerArgs: ['v=2'],
  };
}

const args = (...list: string[]) => ({ containers: [{ args: expect.arrayContaining(list) }] });

const rendered: Record<keyof K3sNodeProps, object> = {
  version: { containers: [{ image: 'docker.io/rancher/k3s:v1.36.2-k3s1' }] },
  image: { containers: [{ image: 'registry.example.org/k3s:1' }] },
  imageRepository: { containers: [{ image: 'ghcr.io/k3s-io/k3s:v1.36.2-k3s1' }] },
  serverUrl: args('agent', '--server=https://dev.dev.svc:6443'),
  init: { containers: [{ command: expect.arrayContaining(checked('start.sh')) }] },
  nodeLabels: args('--node-label=a=1', '--node-label=b=2'),
  nodeTaints: args('--node-taint=gpu=yes:NoSchedule', '--node-taint=spot:NoExecute'),
  snapshotter: args('--snapshotter=native'),
  kubeletArgs: args('--kubelet-arg=max-pods=50', '--kubelet-arg=fail-swap-on=false'),
  kubeProxyArgs: args('--kube-proxy-arg=proxy-mode=nftables'),
  extraArgs: args('--debug', '--etcd-expose-metrics=true'),
  envVariables: {
    containers: [{ env: expect.arrayContaining([{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }]) }],
  },
  resources: { containers: [{ resources: { limits: { memory: '2048Mi' } } }] },
  storage: {
    containers: [
      { volumeMounts: expect.arrayContaining([{ mountPath: '/var/lib/rancher/k3s', name: 'mine', subPath: 'k3s' }]) },
    ],
  },
  registries: {
    ...args('--private-registry=/etc/rancher/registries/registries.yaml'),
    volumes: expect.arrayContaining([
      {
        name: 'k3s-registries',
        secret: { secretName: 'registries', items: [{ key: 'registries.yaml', path: 'registries.yaml' }] },
      },
    ]),
  },
  drainTimeout: {
    terminationGracePeriodSeconds: 150,
    containers: [{ env: expect.arrayContaining([{ name: 'DRAIN_SECONDS', value: '120' }]) }],
  },
  startTimeout: { containers: [{ startupProbe: { failureThreshold: 36 } }] },
  token: {
    ...args('--token-file=/etc/rancher/token/server', '--agent-token-file=/etc/rancher/token/agent'),
    volumes: expect.arrayContaining([
      {
        name: 'k3s-token',
        secret: {
          secretName: 'tokens',
          defaultMode: 0o400,
          items: [
            { key: 'agent', path: 'agent' },
            { key: 'server', path: 'server' },
          ],
        },
      },
    ]),
  },
  network: args('--cluster-cidr=172.16.0.0/16', '--service-cidr=172.17.0.0/16', '--cluster-dns=172.17.0.10'),
  disable: args('--disable=traefik', '--disable=servicelb'),
  tlsSans: args('--tls-san=k3s.example.org', '--tls-san=192.0.2.1', '--tls-san=fd00::1', '--tls-san=*.example.org'),
  flannelBackend: args('--flannel-backend=host-gw'),
  networkPolicy: args('--disable-network-policy'),
  clusterDomain: args('--cluster-domain=inner.local'),
  secretsEncryption: args('--secrets-encryption'),
  kubeApiserverArgs: args('--kube-apiserver-arg=audit-log-path=-'),
  kubeControllerManagerArgs: args('--kube-controller-manager-arg=node-cidr-mask-size=25'),
  kubeSchedulerArgs: args('--kube-scheduler-arg=v=2'),
};

test.each(Object.keys(rendered) as (keyof K3sNodeProps)[])('has the prop %s', (prop) => {
  const { pod } = made((it) => {
    const all = everyServerProp(it);
    // an agent needs the token of its server
    const token = prop === 'serverUrl' ? { token: all.token } : {};
    K3sNode.on(it, { version, ...token, [prop]: all[prop] });
  });

  expect(pod).toMatchObject(rendered[prop]);
});

test.each(Object.keys(rendered) as (keyof K3sNodeProps)[])('shows nothing of %s when it is not given', (prop) => {
  if (prop !== 'version' && prop !== 'init') expect(server().pod).not.toMatchObject(rendered[prop]);
});

test('what an agent has, it has in the same way', () => {
  const shared = ['nodeLabels', 'kubeletArgs', 'extraArgs', 'registries', 'drainTimeout', 'storage'] as const;
  for (const prop of shared) {
    const { pod } = made((it) => {
      const props = { version, serverUrl: 'https://x:1', token: token(it), [prop]: everyServerProp(it)[prop] };
      K3sNode.on(it, props as K3sNodeProps);
    });
    expect(pod).toMatchObject(rendered[prop]);
  }
});

test('a registries.yaml can be in a ConfigMap, under another key', () => {
  const { pod } = made((it) => {
    const configMap = kplus.ConfigMap.fromConfigMapName(it, 'c', 'mirrors');
    K3sNode.on(it, { version, registries: K3sRegistries.fromConfigMap(configMap, 'hosts') });
  });

  expect(pod.volumes).toContainEqual({
    name: 'k3s-registries',
    configMap: { name: 'mirrors', items: [{ key: 'hosts', path: 'registries.yaml' }] },
  });
});

describe('as a unit of systemd', () => {
  const image = 'registry.example.org/node:1';
  const machine = (props: Partial<K3sNodeProps> = {}) => server({ init: K3sInit.SYSTEMD, image, ...props });
  const unit = ({ manifests }: Made): string => {
    const files = manifests.find((m) => m.kind === 'ConfigMap' && m.data['k3s.service']);
    return files?.data['k3s.service'];
  };
  const line = (text: string, key: string) => text.split('\n').find((it) => it.startsWith(`${key}=`));

  test('systemd is booted, and starts K3s with what it has as the first process', () => {
    const booted = machine({ disable: [K3sComponent.TRAEFIK], token: undefined });

    expect(booted.k3s.command).toEqual(['/sbin/init']);
    expect(booted.k3s.args).toContain('systemd.wants=k3s.service');
    expect(booted.k3s.volumeMounts).toContainEqual({
      mountPath: '/etc/systemd/system/k3s.service',
      name: 'k3s-unit',
      subPath: 'k3s.service',
      readOnly: true,
    });
    const { args } = server({ disable: [K3sComponent.TRAEFIK] }).k3s;
    const start = line(unit(booted), 'ExecStart');
    expect(start).toMatch(
      /^ExecStart=\/bin\/sh -c "#!\/bin\/sh\\n.*\\n" check \/opt\/cdk8s-sysbox\/k3s-programs [0-9a-f]{64} start\.sh /,
    );
    expect(start).toContain(` start.sh ${args.join(' ').replace('$(NODE_NAME)', '${NODE_NAME}')}`);
    expect(line(unit(booted), 'Type')).toBe('Type=notify');
  });

  test('is ready as K3s is, and keeps the same data', () => {
    const first = server().k3s;
    const { k3s } = machine();

    for (const probe of ['readinessProbe', 'startupProbe']) expect(k3s[probe]).toEqual(first[probe]);
    expect(k3s.volumeMounts).toEqual(expect.arrayContaining(first.volumeMounts));
    expect(k3s.env).toEqual(expect.arrayContaining(first.env));
    expect(k3s.ports).toEqual(first.ports);
  });

  test('its log is that of the journal', () => {
    expect(machine().k3s.tty).toBe(true);
  });

  test('is stopped by systemd, which drains the node first, and not when K3s ended by itself', () => {
    const stopped = machine({ drainTimeout: Duration.minutes(2) });

    expect(stopped.k3s.lifecycle.preStop.exec.command.at(-1)).toBe('kill -s RTMIN+3 1; sleep 150');
    expect(stopped.pod.terminationGracePeriodSeconds).toBe(160);
    expect(line(unit(stopped), 'TimeoutStopSec')).toBe('TimeoutStopSec=150');
    expect(line(unit(stopped), 'ExecStop')).toBe(
      `ExecStop=/bin/sh -c '[ -z "$MAINPID" ] || exec sh /opt/cdk8s-sysbox/k3s-programs/stop.sh'`,
    );
  });

  test('nothing of its arguments is taken for a word of systemd’s', () => {
    const extraArgs = ['--etcd-snapshot-name=100% "a b" $HOME $(NODE_NAME) \\'];

    expect(line(unit(machine({ extraArgs })), 'ExecStart')).toContain(
      String.raw` "--etcd-snapshot-name=100%% \"a b\" $$HOME ${'${NODE_NAME}'} \\"`,
    );
  });

  test('an agent is one too', () => {
    const booted = agent({ init: K3sInit.SYSTEMD, image });

    expect(line(unit(booted), 'ExecStart')).toContain('start.sh agent --node-name=${NODE_NAME} --server=https://dev.');
    expect(line(unit(booted), 'Type')).toBe('Type=exec');
  });

  test.each([undefined, 'docker.io/rancher/k3s:v1.36.2-k3s1', `docker.io/rancher/k3s@sha256:${'0'.repeat(64)}`])(
    'refuses the image %s, which has no systemd',
    (it) => {
      expect(() => machine({ image: it })).toThrow(
        `test/node: init is systemd, and the image '${it ?? 'docker.io/rancher/k3s:v1.36.2-k3s1'}' has no systemd. Give an image with ` +
          'systemd at /sbin/init, k3s and sh',
      );
    },
  );
});

test('a secret comes in by the environment', () => {
  const { k3s } = made((it) => {
    const secret = kplus.Secret.fromSecretName(it, 's', 'store');
    K3sNode.on(it, { version, envVariables: { K3S_DATASTORE_ENDPOINT: secret.envValue('url') } });
  });

  expect(k3s.env).toContainEqual({
    name: 'K3S_DATASTORE_ENDPOINT',
    valueFrom: { secretKeyRef: { name: 'store', key: 'url' } },
  });
});

test.each<[string, Partial<K3sNodeProps>, string]>([
  [
    'an invalid version',
    { version: 'latest' },
    "test/node: version 'latest' is not a version of K3s. Write it as 'v1.36.2+k3s1'",
  ],
  ['a version without its K3s part', { version: 'v1.36.2' }, "test/node: version 'v1.36.2' is not a version of K3s"],
  [
    'an image without a tag',
    { image: 'registry:5000/k3s' },
    "test/node: the image 'registry:5000/k3s' names no version. Add a tag such as ':1.2', or a digest",
  ],
  ['the latest image', { image: 'k3s:latest' }, "test/node: the image 'k3s:latest' names no version"],
  ['a bad label', { nodeLabels: { 'a b': 'c' } }, "test/node: nodeLabels: 'a b' is"],
  [
    'a taint without effect',
    { nodeTaints: ['a=b'] },
    "test/node: nodeTaints has 'a=b'. Write 'key=value:NoSchedule', PreferNoSchedule or NoExecute",
  ],
  ['a taint of no effect', { nodeTaints: ['a=b:Never'] }, "test/node: nodeTaints has 'a=b:Never'"],
  ['a taint of a bad key', { nodeTaints: ['a b:NoSchedule'] }, "test/node: nodeTaints: 'a b' is"],
  [
    'an argument with dashes',
    { kubeletArgs: ['--max-pods=5'] },
    "test/node: kubeletArgs has '--max-pods=5'. Write each as 'flag=value', without leading dashes",
  ],
  ['a bad argument of kube-proxy', { kubeProxyArgs: ['-v'] }, "test/node: kubeProxyArgs has '-v'"],
  ['a bad argument of the API server', { kubeApiserverArgs: ['-v'] }, "test/node: kubeApiserverArgs has '-v'"],
  [
    'a bad argument of the controller manager',
    { kubeControllerManagerArgs: ['-v'] },
    "test/node: kubeControllerManagerArgs has '-v'",
  ],
  ['a bad argument of the scheduler', { kubeSchedulerArgs: ['-v'] }, "test/node: kubeSchedulerArgs has '-v'"],
  [
    'a URL as a name',
    { tlsSans: ['https://k3s.example.org'] },
    "test/node: tlsSans has 'https://k3s.example.org'. Write a DNS name or an IP address, without scheme and port",
  ],
  [
    'an argument without dashes',
    { extraArgs: ['-t', 'x'] },
    "test/node: extraArgs has '-t'. Write each as '--flag' or '--flag=value'",
  ],
  [
    'rootless mode',
    { extraArgs: ['--rootless'] },
    'extraArgs has --rootless, which is not possible: K3s runs as root of a',
  ],
  [
    'a data directory',
    { extraArgs: ['--data-dir=/d'] },
    'test/node: extraArgs has --data-dir, but Sysbox backs /var/lib/rancher/k3s and /var/lib/kubelet only. Use `storage`',
  ],
  [
    'a token as text',
    { envVariables: { K3S_TOKEN: kplus.EnvValue.fromValue('x') } },
    'test/node: envVariables has K3S_TOKEN as text, a secret in a manifest. Use EnvValue.fromSecretValue()',
  ],
  [
    'a variable that a prop sets',
    { envVariables: { K3S_URL: kplus.EnvValue.fromValue('https://x') } },
    'test/node: envVariables has K3S_URL, which `serverUrl` sets. Use `serverUrl`',
  ],
  [
    'a variable for what is not possible',
    { envVariables: { K3S_NODE_NAME: kplus.EnvValue.fromValue('x') } },
    'test/node: envVariables has K3S_NODE_NAME, which is not possible: a node is named after its pod',
  ],
  [
    "a variable of the node's programs",
    { envVariables: { NODE_ROLE: kplus.EnvValue.fromValue('agent') } },
    "test/node: envVariables has NODE_ROLE, which the node's own programs use. Use another name",
  ],
  [
    "the host's addresses",
    { network: { clusterCidr: '10.42.0.0/16' } },
    'test/node: 10.42.0.0/16 of clusterCidr overlaps',
  ],
  [
    'an image and a repository',
    { image: 'a:1', imageRepository: 'ghcr.io/k3s-io/k3s' },
    'test/node: image and imageRepository exclude each other. Give one',
  ],
  [
    'a repository with a tag',
    { imageRepository: 'ghcr.io/k3s-io/k3s:v1' },
    "test/node: imageRepository 'ghcr.io/k3s-io/k3s:v1' is not a repository. Write it as 'ghcr.io/k3s-io/k3s', without a tag",
  ],
  [
    'systemd in an image of K3s',
    { init: K3sInit.SYSTEMD, imageRepository: 'ghcr.io/k3s-io/k3s' },
    "test/node: init is systemd, and the image 'ghcr.io/k3s-io/k3s:v1.36.2-k3s1' has no systemd",
  ],
  [
    'a server with less memory than K3s itself needs',
    { resources: { memory: { limit: Size.mebibytes(256) } } },
    'test/node: a memory limit of 256 MiB is less than K3s itself needs as a server. Give at least 512 MiB, and what the nested ' +
      'pods need on top',
  ],
])('refuses %s', (_, props, message) => {
  expect(() => server(props)).toThrow(message);
});

/** Raw words that repeat a prop, by the raw prop: each prop of a flag, and each flag of a prop. */
const repeated: [keyof K3sNodeProps, string, keyof K3sNodeProps][] = [
  ['extraArgs', '--node-label', 'nodeLabels'],
  ['extraArgs', '--node-taint', 'nodeTaints'],
  ['extraArgs', '--snapshotter', 'snapshotter'],
  ['extraArgs', '--kubelet-arg', 'kubeletArgs'],
  ['extraArgs', '--kube-proxy-arg', 'kubeProxyArgs'],
  ['extraArgs', '--disable', 'disable'],
  ['extraArgs', '--tls-san', 'tlsSans'],
  ['extraArgs', '--flannel-backend', 'flannelBackend'],
  ['extraArgs', '--disable-network-policy', 'networkPolicy'],
  ['extraArgs', '--cluster-domain', 'clusterDomain'],
  ['extraArgs', '--secrets-encryption', 'secretsEncryption'],
  ['extraArgs', '--kube-apiserver-arg', 'kubeApiserverArgs'],
  ['extraArgs', '--kube-controller-manager-arg', 'kubeControllerManagerArgs'],
  ['extraArgs', '--kube-scheduler-arg', 'kubeSchedulerArgs'],
  ['extraArgs', '--server', 'serverUrl'],
  ['extraArgs', '--token-file', 'token'],
  ['extraArgs', '--agent-token-file', 'token'],
  ['extraArgs', '--cluster-cidr', 'network'],
  ['extraArgs', '--service-cidr', 'network'],
  ['extraArgs', '--cluster-dns', 'network'],
  ['extraArgs', '--private-registry', 'registries'],
  ['kubeletArgs', 'node-labels', 'nodeLabels'],
  ['kubeletArgs', 'register-with-taints', 'nodeTaints'],
  ['kubeletArgs', 'cluster-dns', 'network'],
  ['kubeletArgs', 'cluster-domain', 'clusterDomain'],
  ['kubeProxyArgs', 'cluster-cidr', 'network'],
  ['kubeApiserverArgs', 'service-cluster-ip-range', 'network'],
  ['kubeApiserverArgs', 'encryption-provider-config', 'secretsEncryption'],
  ['kubeControllerManagerArgs', 'cluster-cidr', 'network'],
  ['kubeControllerManagerArgs', 'service-cluster-ip-range', 'network'],
];

test.each(repeated)('refuses in %s the word %s, which the prop %s says', (raw, word, prop) => {
  expect(() => server({ [raw]: [`${word}=x`] })).toThrow(
    `test/node: ${raw} has ${word}, which \`${prop}\` sets. Use \`${prop}\``,
  );
});

test.each(['token', 'agent-token', 'etcd-s3-access-key', 'etcd-s3-secret-key', 'etcd-s3-session-token', 'vpn-auth'])(
  'refuses --%s, a secret, among the raw arguments',
  (flag) => {
    expect(() => server({ extraArgs: [`--${flag}=x`] })).toThrow(
      `test/node: extraArgs has --${flag}, which is a secret in a manifest`,
    );
  },
);

test.each(['with-node-id', 'node-name', 'write-kubeconfig', 'cluster-init', 'cluster-reset', 'datastore-endpoint'])(
  'refuses --%s among the raw arguments',
  (flag) => {
    expect(() => server({ extraArgs: [`--${flag}=x`] })).toThrow(`test/node: extraArgs has --${flag}, which is `);
  },
);

describe('a label of the node', () => {
  const withLabel = (key: string) => server({ nodeLabels: { [key]: 'x' } });

  test.each([
    'node-role.kubernetes.io/worker',
    'kubernetes.io/role',
    'node-restriction.kubernetes.io/team',
    'example.k8s.io/team',
    'k8s.io/a',
  ])('%s is refused, as the kubelet refuses it', (key) => {
    expect(() => withLabel(key)).toThrow(
      `test/node: nodeLabels has '${key}', which a kubelet may not set for itself: K3s exits at each start. Use a label with ` +
        `another prefix, or set this one through the API: kubectl label node <node> ${key}=x`,
    );
  });

  test.each([
    'team',
    'example.org/team',
    'node.kubernetes.io/pool',
    'a.kubelet.kubernetes.io/b',
    'topology.kubernetes.io/zone',
  ])('%s is one that a kubelet may set', (key) => {
    expect(withLabel(key).k3s.args).toContain(`--node-label=${key}=x`);
  });
});

describe('an agent refuses', () => {
  const serverOnly: (keyof K3sNodeProps)[] = [
    'network',
    'disable',
    'tlsSans',
    'flannelBackend',
    'networkPolicy',
    'clusterDomain',
    'secretsEncryption',
    'kubeApiserverArgs',
    'kubeControllerManagerArgs',
    'kubeSchedulerArgs',
  ];

  test.each(serverOnly)('%s', (prop) => {
    const onAgent = (it: SystemPod) => {
      const { serverUrl, token, ...all } = everyServerProp(it);
      K3sNode.on(it, { version, serverUrl, token, [prop]: all[prop as keyof typeof all] });
    };

    expect(() => made(onAgent)).toThrow(
      `test/node: ${prop} is an option of servers, and serverUrl makes this node an agent`,
    );
  });

  test('to join without a token', () => {
    expect(() => agent({ token: undefined })).toThrow(
      'test/node: an agent joins https://dev.dev.svc:6443 with a token',
    );
  });

  test('less memory than K3s itself needs', () => {
    const limit = (mebibytes: number) => ({ memory: { limit: Size.mebibytes(mebibytes) } });

    expect(() => agent({ resources: limit(191) })).toThrow(
      'test/node: a memory limit of 191 MiB is less than K3s itself needs as an agent. Give at least 192 MiB',
    );
    expect(() => agent({ resources: limit(192) })).not.toThrow();
  });
});

describe('readiness of a server whose API server shows its health to nobody', () => {
  const probe = (props: Partial<K3sNodeProps>) => server({ startTimeout: Duration.minutes(20), ...props }).k3s;

  test.each<[string, Partial<K3sNodeProps>]>([
    ['K3s 1.33.0, which sets a flag that excludes it', { version: 'v1.33.0+k3s1' }],
    ['an authentication configuration of the user', { kubeApiserverArgs: ['authentication-config=/etc/auth.yaml'] }],
    ['the flag', { kubeApiserverArgs: ['anonymous-auth=false'] }],
  ])('%s: kubectl asks from inside, seldom, and may take as long as a start', (_, props) => {
    const { readinessProbe, args } = probe(props);

    expect(readinessProbe).toMatchObject({
      exec: { command: ['sh', '/opt/cdk8s-sysbox/k3s-programs/ready.sh'] },
      periodSeconds: 30,
      timeoutSeconds: 1200,
    });
    expect(args.join()).not.toContain('k3s/authentication.yaml');
  });

  test('from 1.33.1 it does', () => {
    expect(probe({ version: 'v1.33.1+k3s1' }).readinessProbe).toHaveProperty('httpGet');
  });
});

test.each<[Partial<K3sNodeProps>, string]>([
  [{ extraArgs: ['--https-listen-port=7443'] }, 'extraArgs has --https-listen-port'],
  [{ extraArgs: ['--bind-address=127.0.0.1'] }, 'extraArgs has --bind-address'],
  [{ kubeletArgs: ['healthz-port=1'] }, 'kubeletArgs has healthz-port'],
  [{ kubeletArgs: ['healthz-bind-address=::1'] }, 'kubeletArgs has healthz-bind-address'],
])('refuses %j, which the probes rely on', (props, message) => {
  expect(() => server(props)).toThrow(`test/node: ${message}, which the node's probes rely on. Leave it out`);
});

test('refuses a second node in a pod', () => {
  expect(() =>
    made((it) => {
      K3sNode.on(it, { version });
      K3sNode.on(it, { version });
    }),
  ).toThrow('test/node: a pod is one K3s node, and this one has K3s already. Use a workload of its own');
});

test('a K3sPod is a system pod with a node', () => {
  const manifests = synth((chart) => {
    const it = new K3sPod(chart, 'it', { k3s: { version }, metadata: { labels: { a: 'b' } } });
    expect(it.k3s.container.name).toBe('k3s');
  });

  expect(only(manifests, 'Pod')).toMatchObject({
    metadata: { labels: { a: 'b' } },
    spec: { hostUsers: false, containers: [{ name: 'k3s' }] },
  });
});

test('K3s runs as root although the pod says otherwise', () => {
  const manifests = synth((chart) => {
    const pod = new SystemPod(chart, 'it', { securityContext: { user: 1000, ensureNonRoot: true } });
    K3sNode.on(pod, { version });
  });

  const [k3s] = only(manifests, 'Pod').spec.containers;
  expect(k3s.securityContext).toMatchObject({ runAsUser: 0, runAsNonRoot: false });
});

test('on storage of the host’s node, Sysbox backs the special directories, and the node keeps its password', () => {
  const { pod, k3s } = server({ storage: SystemStorage.nodeLocal() });

  expect(k3s.volumeMounts.map((m: Manifest) => `${m.name} ${m.mountPath}`)).toEqual([
    'k3s-scratch /etc/rancher/node',
    'k3s-scratch /var/lib/cni',
    'k3s-scratch /var/log',
    'k3s-programs /opt/cdk8s-sysbox/k3s-programs',
  ]);
  expect(pod.volumes.map((volume: Manifest) => volume.name)).not.toContain('k3s-data');
});

test.each(['http://x:6443', 'https://x/path', 'x:6443'])('refuses the server URL %s', (serverUrl) => {
  expect(() => agent({ serverUrl })).toThrow(
    `test/node: serverUrl '${serverUrl}' must be 'https://host:port', without a path`,
  );
});

test.each([
  `rancher/k3s:v1.36.2-k3s1@sha256:${'0'.repeat(64)}`,
  `rancher/k3s@sha256:${'0'.repeat(64)}`,
  'r:5000/k3s:1',
])('takes the image %s', (image) => {
  expect(server({ image }).k3s.image).toBe(image);
});

test.each(['v1.36.2-k3s1', 'v1.37.0-rc1+k3s1'])('takes the version %s', (it) => {
  expect(server({ version: it }).k3s.image).toBe(`docker.io/rancher/k3s:${it.replace('+', '-')}`);
});
