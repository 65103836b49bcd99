import { Size } from 'cdk8s';
import { ContainerEngine, RuntimeReference, RuntimeReferenceOptions, RuntimeScheduling } from '../../src/runtime';

const everyOption: Required<RuntimeReferenceOptions> = {
  containerEngine: ContainerEngine.CRIO,
  clusterVersion: 'v1.36.2+k3s1',
  featureGates: ['ContainerStopSignals'],
  podOverhead: { memory: Size.mebibytes(64) },
  idsPerPod: 131072,
  scheduling: RuntimeScheduling.INTENDED,
};

test('keeps all that is known of the runtime', () => {
  expect({ ...RuntimeReference.fromRuntimeClassName('sysbox', everyOption) }).toEqual({
    runtimeClassName: 'sysbox',
    ...everyOption,
  });
});

test.each(['1.33', '1.36', 'v1.36.2+k3s1', '1.40.0-rc.1'])('takes a cluster of version %s', (clusterVersion) => {
  expect(RuntimeReference.fromRuntimeClassName('sysbox', { clusterVersion }).clusterVersion).toBe(clusterVersion);
});

test.each([
  ['Sysbox', {}, "runtimeClassName 'Sysbox' is not a valid DNS subdomain name"],
  ['', {}, 'is not a valid DNS subdomain name'],
  [
    'sysbox',
    { clusterVersion: 'latest' },
    "RuntimeReference.fromRuntimeClassName(): clusterVersion 'latest' is not a valid Kubernetes version. Write it as '1.36'",
  ],
  ['sysbox', { clusterVersion: '1.32' }, 'hostUsers: false works from Kubernetes 1.33 on, and the cluster is 1.32'],
  ['sysbox', { clusterVersion: '1.29', featureGates: ['UserNamespacesSupport'] }, 'the cluster is 1.29'],
  ['sysbox', { idsPerPod: 65535 }, 'fromRuntimeClassName(): idsPerPod is 65535. Give the kubelet'],
])('refuses %s %j', (name, options, message) => {
  expect(() => RuntimeReference.fromRuntimeClassName(name, options)).toThrow(message);
});

test('1.30 to 1.32 is an option for who turned the feature gate on', () => {
  const options = { clusterVersion: '1.30', featureGates: ['UserNamespacesSupport'] };

  expect(RuntimeReference.fromRuntimeClassName('sysbox', options).clusterVersion).toBe('1.30');
});

test('1.30 to 1.32 needs no feature gate with CRI-O, which acts on an annotation there', () => {
  const options = { clusterVersion: '1.30', containerEngine: ContainerEngine.CRIO };

  expect(RuntimeReference.fromRuntimeClassName('sysbox', options).clusterVersion).toBe('1.30');
});
