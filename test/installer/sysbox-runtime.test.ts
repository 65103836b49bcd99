import { Testing } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-30';
import { SysboxInstaller, SystemWorkloads, SysboxRuntime, SysboxRuntimeClass, SysboxRuntimeProps } from '../../src';
import { only, synth, testChart } from '../support/synth';

test('is a RuntimeClass and its installer', () => {
  const kinds = synth((chart) => new SysboxRuntime(chart, 'sysbox')).map((m) => m.kind);
  expect(kinds[0]).toBe('RuntimeClass');
  expect(kinds).toContain('DaemonSet');
});

test('hands its props to both, and the handler of the class to the installer', () => {
  const props: Required<SysboxRuntimeProps> = {
    runtimeClass: {
      name: 'vm',
      handler: 'vm',
      podOverhead: { cpu: Cpu.millis(10) },
      clusterVersion: '1.36',
      featureGates: ['A'],
      idsPerPod: 131072,
    },
    installation: { namespace: 'runtime' },
  };
  const chart = testChart();
  const runtime = new SysboxRuntime(chart, 'sysbox', props);
  const manifests = Testing.synth(chart);
  expect(only(manifests, 'RuntimeClass', 'vm')).toMatchObject({ handler: 'vm' });
  expect(only(manifests, 'DaemonSet').metadata.namespace).toBe('runtime');
  const settings = manifests.find((m) => m.metadata.name.startsWith('sysbox-installer-settings'))!;
  expect(settings.data.HANDLER).toBe('vm');
  expect(settings.data.RUNTIME_CLASS).toBe('vm');
  expect(runtime.runtimeClass).toBeInstanceOf(SysboxRuntimeClass);
  expect(runtime.installer).toBeInstanceOf(SysboxInstaller);
  expect(runtime).toMatchObject({
    runtimeClassName: 'vm',
    podOverhead: { cpu: Cpu.millis(10) },
    clusterVersion: '1.36',
    featureGates: ['A'],
    idsPerPod: 131072,
  });
});

test('stays as it is when everything in its chart is adopted', () => {
  const chart = testChart();
  new SysboxRuntime(chart, 'sysbox');
  const before = JSON.stringify(Testing.synth(chart));
  SystemWorkloads.adoptAll(chart);
  expect(JSON.stringify(Testing.synth(chart))).toBe(before);
});
