import { ContainerEngine, RuntimeScheduling, SysboxRuntimeClass, SysboxRuntimeClassProps } from '../../src';
import { standardLabels } from '../../src/core/standard-labels';
import { Size } from 'cdk8s';
import { Cpu, NodeTaintQuery, TaintEffect } from 'cdk8s-plus-30';
import { only, synth, testChart } from '../support/synth';

function runtimeClass(props?: SysboxRuntimeClassProps, chart = {}) {
  return only(
    synth((scope) => new SysboxRuntimeClass(scope, 'class', props), chart),
    'RuntimeClass',
  );
}

test('is upstream’s RuntimeClass when nothing is said', () => {
  expect(runtimeClass()).toEqual({
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'sysbox-runc', labels: standardLabels('sysbox-runtime') },
    handler: 'sysbox-runc',
    scheduling: { nodeSelector: { 'sysbox-runtime': 'running' } },
  });
});

test('has every prop in the manifest or on the object', () => {
  const props: Required<SysboxRuntimeClassProps> = {
    name: 'vm',
    handler: 'sysbox-next',
    nodeSelector: { pool: 'ci' },
    tolerations: [NodeTaintQuery.exists('ci', { effect: TaintEffect.NO_SCHEDULE })],
    podOverhead: { cpu: Cpu.millis(50), memory: Size.mebibytes(64), ephemeralStorage: Size.gibibytes(1) },
    containerEngine: ContainerEngine.CRIO,
    clusterVersion: '1.36',
    featureGates: ['ContainerStopSignals'],
    idsPerPod: 131072,
    scheduling: RuntimeScheduling.INTENDED,
  };
  expect(runtimeClass(props)).toEqual({
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'vm', labels: standardLabels('sysbox-runtime') },
    handler: 'sysbox-next',
    overhead: { podFixed: { cpu: '50m', memory: '64Mi', 'ephemeral-storage': '1024Mi' } },
    scheduling: {
      nodeSelector: { pool: 'ci', 'sysbox-install': 'yes' },
      tolerations: [{ key: 'ci', operator: 'Exists', effect: 'NoSchedule' }],
    },
  });
  expect(new SysboxRuntimeClass(testChart(), 'class', props)).toMatchObject({
    runtimeClassName: 'vm',
    handler: 'sysbox-next',
    podOverhead: props.podOverhead,
    containerEngine: ContainerEngine.CRIO,
    clusterVersion: '1.36',
    featureGates: ['ContainerStopSignals'],
    idsPerPod: 131072,
    scheduling: RuntimeScheduling.INTENDED,
  });
});

test('has no namespace in a chart that has one', () => {
  expect(runtimeClass({}, { namespace: 'apps' }).metadata).not.toHaveProperty('namespace');
});

test.each<[string, SysboxRuntimeClassProps, RegExp]>([
  [
    'a name that is not a DNS name',
    { name: 'Sysbox' },
    /^test\/class: runtimeClassName 'Sysbox' is not a valid DNS subdomain name/,
  ],
  [
    'a handler that is not a valid DNS label',
    { handler: 'sysbox.runc' },
    /^test\/class: handler 'sysbox.runc' is not a valid DNS label/,
  ],
  [
    'another value of the runtime label',
    { nodeSelector: { 'sysbox-runtime': 'installing' } },
    /^test\/class: nodeSelector asks for sysbox-runtime=installing.*Leave that label out/,
  ],
  [
    'another value of the label that asks for the runtime',
    { scheduling: RuntimeScheduling.INTENDED, nodeSelector: { 'sysbox-install': 'no' } },
    /^test\/class: nodeSelector asks for sysbox-install=no.*sysbox-install=yes is always added/,
  ],
  [
    'to wait for the runtime where an autoscaler must add the node',
    { scheduling: RuntimeScheduling.INTENDED, nodeSelector: { 'sysbox-runtime': 'running' } },
    /^test\/class: nodeSelector has sysbox-runtime, and scheduling is INTENDED: .*no autoscaler adds one.*or use INSTALLED/,
  ],
  ['a malformed label', { nodeSelector: { 'a b': 'c' } }, /^test\/class: nodeSelector: 'a b' is not a valid label key/],
  [
    'a toleration of the installer’s taint',
    { tolerations: [NodeTaintQuery.exists('sysbox-runtime')] },
    /^test\/class: a toleration covers the taint sysbox-runtime=not-running/,
  ],
  [
    'a toleration of every taint',
    { tolerations: [NodeTaintQuery.any()] },
    /^test\/class: a toleration covers the taint/,
  ],
  [
    'ids that no kubelet gives',
    { idsPerPod: 70000 },
    /^test\/class: idsPerPod is 70000. Give the kubelet's userNamespaces/,
  ],
  ['a cluster without user namespaces', { clusterVersion: '1.32' }, /^test\/class: .*1\.32/],
])('refuses %s', (_what, props, message) => {
  expect(() => runtimeClass(props)).toThrow(message);
});

test('refuses a toleration that is not a query of cdk8s-plus', () => {
  const tolerations = [{ key: 'ci', operator: 'Exists' } as never];
  expect(() => runtimeClass({ tolerations })).toThrow(
    "test/class: tolerations has an object. Expected NodeTaintQuery, such as NodeTaintQuery.exists('key')",
  );
});
