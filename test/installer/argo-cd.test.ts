import { ApiObject } from 'cdk8s';
import { Namespace } from 'cdk8s-plus-30';
import { ArgoCd, SysboxRuntime, SystemDeployment } from '../../src';
import { Manifest, synth } from '../support/synth';

const WAVE = 'argocd.argoproj.io/sync-wave';
const wavesOf = (manifests: Manifest[]) =>
  Object.fromEntries(manifests.map(({ kind, metadata }) => [kind, metadata.annotations?.[WAVE]]));

test('namespaces, then admission policies, then the runtime, then workloads', () => {
  const manifests = synth((chart) => {
    const runtime = new SysboxRuntime(chart, 'sysbox');
    new Namespace(chart, 'namespace');
    new SystemDeployment(chart, 'builds', { system: { runtime }, containers: [{ image: 'ubuntu:24.04' }] });
    ArgoCd.addSyncWaves(chart);
  });
  const {
    Namespace: namespaces,
    Deployment,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ...rest
  } = wavesOf(manifests);
  expect({ namespaces, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Deployment }).toEqual({
    namespaces: '-3',
    ValidatingAdmissionPolicy: '-2',
    ValidatingAdmissionPolicyBinding: '-2',
    Deployment: undefined,
  });
  expect(Object.keys(rest)).toEqual(
    expect.arrayContaining(['RuntimeClass', 'ServiceAccount', 'ConfigMap', 'DaemonSet']),
  );
  expect(new Set(Object.values(rest))).toEqual(new Set(['-1']));
});

test('an object keeps the wave that it has', () => {
  const manifests = synth((chart) => {
    const metadata = { annotations: { [WAVE]: '5' } };
    new ApiObject(chart, 'own', { apiVersion: 'v1', kind: 'Namespace', metadata });
    ArgoCd.addSyncWaves(chart);
  });
  expect(wavesOf(manifests)).toEqual({ Namespace: '5' });
});
