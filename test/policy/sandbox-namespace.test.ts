import { Chart, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import {
  SandboxContainerDefaultsOptions,
  SandboxNamespace,
  SandboxNamespaceProps,
  SandboxNamespaceNetworkOptions,
  SandboxQuotaOptions,
} from '../../src/policy';
import { PodSecurityLevel } from '../../src/workloads';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function synth(props: Partial<SandboxNamespaceProps> = {}): any {
  const chart = new Chart(Testing.app(), 'test', { namespace: 'stamped' });
  new SandboxNamespace(chart, 'it', { name: 'sandbox', ...props });
  const objects = Testing.synth(chart);
  return Object.fromEntries(objects.map((o) => [o.kind === 'NetworkPolicy' ? o.metadata.name : o.kind, o]));
}

test('lets DNS through at the pods of the cluster and at a node-local cache', () => {
  expect(synth()['allow-dns'].spec.egress).toMatchObject([
    {
      to: [{ podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }, { ipBlock: { cidr: '169.254.20.10/32' } }],
      ports: [
        { port: 53, protocol: 'UDP' },
        { port: 53, protocol: 'TCP' },
      ],
    },
  ]);
});

test('is closed by default', () => {
  expect(synth()).toMatchSnapshot();
});

test('everything but the namespace is in it, also in a chart that has another', () => {
  const { Namespace, ...others } = synth();

  expect(Namespace.metadata).not.toHaveProperty('namespace');
  for (const object of Object.values<{ metadata: object }>(others)) {
    expect(object.metadata).toHaveProperty('namespace', 'sandbox');
  }
});

const quota: Required<SandboxQuotaOptions> = {
  pods: 3,
  cpuRequests: kplus.Cpu.units(4),
  memoryRequests: Size.gibibytes(1),
  memoryLimits: Size.gibibytes(2),
  claims: 5,
  storage: Size.gibibytes(3),
};
const containerDefaults: Required<SandboxContainerDefaultsOptions> = {
  cpuRequest: kplus.Cpu.millis(5),
  memoryRequest: Size.mebibytes(6),
  memoryLimit: Size.mebibytes(7),
  ephemeralStorageLimit: Size.mebibytes(8),
};
const network: Required<SandboxNamespaceNetworkOptions> = {
  sameNamespace: false,
  internet: true,
  allowedEgressCidrs: ['10.0.0.5/32'],
  dnsCidrs: ['10.43.0.10/32'],
};
const everyProp: Required<SandboxNamespaceProps> = {
  name: 'mine',
  podSecurity: PodSecurityLevel.RESTRICTED,
  podSecurityVersion: 'v1.36',
  labels: { team: 'a' },
  quota,
  containerDefaults,
  network,
};

test('has all its props', () => {
  const out = synth(everyProp);

  expect(out.Namespace.metadata).toMatchObject({
    name: 'mine',
    labels: {
      team: 'a',
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': 'v1.36',
      'pod-security.kubernetes.io/warn': 'restricted',
    },
  });
  expect(out.ResourceQuota.spec.hard).toEqual({
    pods: '3',
    'requests.cpu': '4',
    'requests.memory': '1024Mi',
    'limits.memory': '2048Mi',
    persistentvolumeclaims: '5',
    'requests.storage': '3072Mi',
  });
  expect(out.LimitRange.spec.limits).toEqual([
    {
      type: 'Container',
      defaultRequest: { cpu: '5m', memory: '6Mi' },
      default: { memory: '7Mi', 'ephemeral-storage': '8Mi' },
    },
  ]);
  expect(out).not.toHaveProperty('allow-same-namespace');
  expect(out['allow-internet'].spec.egress[0].to[0].ipBlock.cidr).toBe('0.0.0.0/0');
  expect(out['allow-internet'].spec.egress[0].to[0].ipBlock.except).toContain('169.254.0.0/16');
  expect(out['allow-dns'].spec.egress[0].to[1]).toEqual({ ipBlock: { cidr: '10.43.0.10/32' } });
  expect(out['allow-cidrs'].spec.egress).toEqual([{ to: [{ ipBlock: { cidr: '10.0.0.5/32' } }] }]);
});

test('a quota of what a container does not say is met by the defaults', () => {
  const { LimitRange } = synth({ quota, containerDefaults: {} });

  expect(LimitRange.spec.limits[0]).toEqual({
    type: 'Container',
    defaultRequest: { cpu: '100m', memory: '256Mi' },
    default: { memory: '4096Mi' },
  });
});

test.each<[string, Partial<SandboxNamespaceProps>, string]>([
  ['a bad name', { name: 'A' }, "test/it: name 'A' is not a valid DNS label"],
  ['a bad label', { labels: { 'a b': 'c' } }, "test/it: labels: 'a b' is not a valid label key"],
  [
    'a bad version',
    { podSecurityVersion: '1.36' },
    "test/it: podSecurityVersion '1.36' is not a version. Write 'latest' or",
  ],
  [
    'a Restricted that refuses root',
    { podSecurity: PodSecurityLevel.RESTRICTED, podSecurityVersion: 'v1.34' },
    'test/it: Restricted of v1.34 rejects root in every pod, also in a user namespace. Use v1.35 or later, or BASELINE',
  ],
  [
    'a bad address',
    { network: { allowedEgressCidrs: ['a'] } },
    "test/it: network.allowedEgressCidrs: 'a' is not a valid CIDR. Write it as '10",
  ],
  [
    'an address that the API server refuses',
    { network: { allowedEgressCidrs: ['999.0.0.0/8'] } },
    "test/it: network.allowedEgressCidrs: '999.0.0.0/8' is not a valid CIDR",
  ],
  [
    'a default request above the default limit',
    { containerDefaults: { memoryRequest: Size.gibibytes(8) } },
    'test/it: containerDefaults: memoryRequest of 8192Mi exceeds memoryLimit, which is 4096Mi. Give a limit of at least',
  ],
  ['half a pod', { quota: { pods: 0.5 } }, 'test/it: quota.pods is 0.5. Give a whole number from 0 on'],
  ['a negative claim', { quota: { claims: -1 } }, 'test/it: quota.claims is -1. Give a whole number from 0 on'],
])('refuses %s', (_, props, message) => {
  expect(() => synth(props)).toThrow(message);
});
