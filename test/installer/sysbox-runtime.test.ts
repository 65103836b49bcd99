import { Testing } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-30';
import {
  SysboxInstaller,
  SystemWorkloads,
  SysboxRuntime,
  SysboxRuntimeClass,
  SysboxRuntimeProps,
  RuntimeReference,
  RuntimeScheduling,
} from '../../src';
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

describe('for a pool that scales from zero', () => {
  const intended: SysboxRuntimeProps = {
    runtimeClass: { scheduling: RuntimeScheduling.INTENDED, nodeSelector: { zone: 'a' } },
    installation: { nodeSelector: { 'example.com/pool': 'sandboxes' } },
  };
  const labels = { zone: 'a', 'example.com/pool': 'sandboxes', 'sysbox-install': 'yes' };
  const runtime = () => new SysboxRuntime(testChart(), 'sysbox', intended);

  test('the RuntimeClass selects what the installer installs on, and nothing that comes after the node', () => {
    const manifests = synth((chart) => new SysboxRuntime(chart, 'sysbox', intended));
    const { scheduling } = only(manifests, 'RuntimeClass', 'sysbox-runc');
    expect(scheduling.nodeSelector).toEqual(labels);
    const { nodeSelector } = only(manifests, 'DaemonSet').spec.template.spec;
    expect(labels).toMatchObject(nodeSelector);
  });

  test.each([
    ['runtimeClass', undefined, 'installed'],
    ['intended', RuntimeScheduling.INTENDED, 'intended'],
  ])('the installer knows what keeps pods away (%s)', (_, scheduling, expected) => {
    const runtimeClass = RuntimeReference.fromRuntimeClassName('sysbox-runc', { scheduling });
    const manifests = synth((chart) => new SysboxInstaller(chart, 'installer', { runtimeClass }));
    const settings = manifests.find((m) => m.metadata.name.startsWith('sysbox-installer-settings'))!;
    expect(settings.data.SCHEDULING).toBe(expected);
  });

  test('the pool has labels and the startup taint for kubelets, autoscalers and Karpenter', () => {
    const { nodePool } = runtime();
    expect(nodePool.labels).toEqual(labels);
    expect(nodePool.startupTaints).toEqual([{ key: 'sysbox-runtime', value: 'not-running', effect: 'NoSchedule' }]);
    expect(nodePool.clusterAutoscalerArgs).toEqual(['--startup-taint=sysbox-runtime']);
    expect(nodePool.k3sArgs()).toEqual([
      '--node-label=zone=a',
      '--node-label=example.com/pool=sandboxes',
      '--node-label=sysbox-install=yes',
      '--node-taint=sysbox-runtime=not-running:NoSchedule',
    ]);
    expect(nodePool.awsTags()).toEqual({
      'k8s.io/cluster-autoscaler/node-template/label/zone': 'a',
      'k8s.io/cluster-autoscaler/node-template/label/example.com/pool': 'sandboxes',
      'k8s.io/cluster-autoscaler/node-template/label/sysbox-install': 'yes',
      'k8s.io/cluster-autoscaler/node-template/taint/sysbox-runtime': 'not-running:NoSchedule',
    });
    expect(nodePool.azureTags()).toEqual({
      'k8s.io_cluster-autoscaler_node-template_label_zone': 'a',
      'k8s.io_cluster-autoscaler_node-template_label_example.com_pool': 'sandboxes',
      'k8s.io_cluster-autoscaler_node-template_label_sysbox-install': 'yes',
      'k8s.io_cluster-autoscaler_node-template_taint_sysbox-runtime': 'not-running:NoSchedule',
    });
    expect(nodePool.gceKubeEnv()).toBe(
      'AUTOSCALER_ENV_VARS: node_labels=zone=a,example.com/pool=sandboxes,sysbox-install=yes;node_taints=sysbox-runtime=not-running:NoSchedule',
    );
  });

  test('is not what the default is for: its RuntimeClass waits for the runtime', () => {
    const chart = testChart();
    const { scheduling, nodePool } = new SysboxRuntime(chart, 'sysbox');
    expect(scheduling).toBeUndefined();
    expect(nodePool.labels).toEqual({ 'sysbox-install': 'yes' });
    expect(only(Testing.synth(chart), 'RuntimeClass', 'sysbox-runc').scheduling.nodeSelector).toEqual({
      'sysbox-runtime': 'running',
    });
  });
});
