import { ApiObject, App, Chart, Include, Testing } from 'cdk8s';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import * as kplus from 'cdk8s-plus-30';
import { K3kCluster } from '../../src/k3k';
import { SysboxRuntime } from '../../src/installer';
import { RuntimeReference, SysboxRuntimeClass } from '../../src/runtime';
import { adopt, SystemOptions, SystemPod, WarningMode } from '../../src/workloads';
import { workload } from '../rules/table';
import { kinds } from './kinds';

const latest = { containers: [{ image: 'ubuntu:latest' }] };
const pinned = { containers: [{ image: 'ubuntu:24.04' }] };
const message =
  "container 'main' has the image 'ubuntu:latest': the image changes without a change of the manifest, possibly to an engine " +
  'that this version of Sysbox cannot run. Give the image a tag or a digest (rule image-tag)';

/** A warning is printed once per process: each test has paths of its own. */
let charts = 0;
const newChart = () => new Chart(Testing.app(), `chart-${++charts}`);

let printed: string[];
beforeEach(() => {
  printed = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
});
afterEach(() => {
  jest.restoreAllMocks();
  delete process.env.CDK8S_SYSBOX_WARNINGS;
});

const warningOf = (chart: Chart, path: string, text: string) =>
  `cdk8s-sysbox: warning: ${chart.node.path}/${path}: ${text}\n`;

const makers: [string, (chart: Chart, system: SystemOptions) => void][] = [
  ...Object.values(kinds).map(({ name, make }): [string, (chart: Chart, system: SystemOptions) => void] => [
    name,
    (chart, system) => make(chart, 'it', { ...latest, system }),
  ]),
  [
    'an adopted workload',
    (chart, system) => {
      const containers = [{ name: 'main', image: 'ubuntu:latest' }];
      adopt(new ApiObject(chart, 'it', workload('Deployment', { containers })), system);
    },
  ],
];

describe.each(makers)('a warning of the rules, of %s', (_, make) => {
  test('is printed at synth, once, with the path', () => {
    const chart = newChart();
    make(chart, {});
    expect(printed).toEqual([]);

    Testing.synth(chart);
    Testing.synth(chart);

    expect(printed).toEqual([warningOf(chart, 'it', message)]);
  });

  test('is not printed when its rule is acknowledged', () => {
    const chart = newChart();
    make(chart, { acknowledge: [{ rule: 'image-tag', reason: 'a test' }] });

    Testing.synth(chart);

    expect(printed).toEqual([]);
  });

  test.each<[string, WarningMode | undefined, string | undefined]>([
    ['by the prop', WarningMode.OFF, undefined],
    ['by the environment', undefined, 'off'],
    ['by the prop, whatever the environment says', WarningMode.OFF, 'error'],
  ])('is silenced %s', (__, warnings, environment) => {
    if (environment) process.env.CDK8S_SYSBOX_WARNINGS = environment;
    const chart = newChart();
    make(chart, { warnings });

    Testing.synth(chart);

    expect(printed).toEqual([]);
  });

  test.each<[string, WarningMode | undefined, string | undefined]>([
    ['by the prop', WarningMode.ERROR, undefined],
    ['by the environment', undefined, 'error'],
    ['by the prop, whatever the environment says', WarningMode.ERROR, 'off'],
  ])('is made an error %s', (__, warnings, environment) => {
    if (environment) process.env.CDK8S_SYSBOX_WARNINGS = environment;
    const chart = newChart();
    make(chart, { warnings });

    expect(() => Testing.synth(chart)).toThrow(`[${chart.node.path}/it] ${message}`);
    expect(printed).toEqual([]);
  });

  test('is printed by the prop where the environment silences the others', () => {
    process.env.CDK8S_SYSBOX_WARNINGS = 'off';
    const chart = newChart();
    make(chart, { warnings: WarningMode.PRINT });

    Testing.synth(chart);

    expect(printed).toEqual([warningOf(chart, 'it', message)]);
  });
});

test('an annotation by hand acknowledges a warning as well', () => {
  const chart = newChart();
  const annotations = { 'cdk8s-sysbox.io/acknowledge.image-tag': 'a test' };
  new SystemPod(chart, 'it', { ...latest, metadata: { annotations } });

  Testing.synth(chart);

  expect(printed).toEqual([]);
});

test('a warning does not hide an error, nor an error a warning', () => {
  const chart = newChart();
  new SystemPod(chart, 'it', { ...latest, hostNetwork: true });

  expect(() => Testing.synth(chart)).toThrow("'hostNetwork' is true");
  expect(printed).toEqual([warningOf(chart, 'it', message)]);
});

describe('a RuntimeClass that the app does not define', () => {
  const undefinedIn = (chart: Chart, name: string) =>
    `the pods name RuntimeClass '${name}', which this app does not define: it defines 'vm' (${chart.node.path}/class). ` +
    `Set 'runtime' to that one, or to RuntimeReference.fromRuntimeClassName('${name}')`;
  const withClass = () => {
    const chart = newChart();
    return { chart, vm: new SysboxRuntimeClass(chart, 'class', { name: 'vm' }) };
  };
  const adopted = (chart: Chart, system: SystemOptions) =>
    adopt(new ApiObject(chart, 'it', workload('Pod', { containers: [{ name: 'main', image: 'a:1' }] })), system);
  const made = (chart: Chart, system?: SystemOptions) => new SystemPod(chart, 'it', { ...pinned, system });
  const k3k = (chart: Chart, system?: SystemOptions) => new K3kCluster(chart, 'it', { system });

  test.each<[string, (chart: Chart) => void, string]>([
    ['by default', (chart) => made(chart), 'sysbox-runc'],
    ['by its name', (chart) => made(chart, { runtimeClassName: 'other' }), 'other'],
    ['in an adopted workload', (chart) => adopted(chart, {}), 'sysbox-runc'],
    ['in a K3k cluster', (chart) => k3k(chart), 'sysbox-runc'],
  ])('is a warning, named %s', (_, make, name) => {
    const { chart } = withClass();
    make(chart);

    Testing.synth(chart);

    expect(printed).toEqual([warningOf(chart, 'it', undefinedIn(chart, name))]);
  });

  test.each([
    ['a pod', made],
    ['an adopted workload', adopted],
    ['a K3k cluster', k3k],
  ])('is an error in %s by the prop', (_, make) => {
    const { chart } = withClass();
    make(chart, { warnings: WarningMode.ERROR });

    expect(() => Testing.synth(chart)).toThrow(`[${chart.node.path}/it] ${undefinedIn(chart, 'sysbox-runc')}`);
  });

  test.each([made, adopted, k3k])('is silenced by the prop', (make) => {
    const { chart } = withClass();
    make(chart, { warnings: WarningMode.OFF });

    Testing.synth(chart);

    expect(printed).toEqual([]);
  });

  const l1 = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'sysbox-runc' }, handler: 'runc' };

  test.each<[string, (chart: Chart, vm: SysboxRuntimeClass) => void]>([
    ['a reference', (chart) => made(chart, { runtime: RuntimeReference.fromRuntimeClassName('sysbox-runc') })],
    ['the object', (chart, vm) => made(chart, { runtime: vm })],
    ['the name of the one that is defined', (chart) => made(chart, { runtimeClassName: 'vm' })],
    ['an L1 class', (chart) => [made(chart), new kplus.k8s.KubeRuntimeClass(chart, 'l1', l1)]],
    [
      'an included class',
      (chart) => {
        const url = join(mkdtempSync(join(tmpdir(), 'warnings-')), 'class.json');
        writeFileSync(url, JSON.stringify(l1));
        return [made(chart), new Include(chart, 'included', { url })];
      },
    ],
    ['a class that was removed', (chart) => [made(chart), chart.node.tryRemoveChild('class')]],
  ])('is none with %s', (_, make) => {
    const { chart, vm } = withClass();
    make(chart, vm);

    Testing.synth(chart);

    expect(printed).toEqual([]);
  });

  test('is none in an app that defines no class, nor with a SysboxRuntime of any name', () => {
    made(newChart(), { runtimeClassName: 'elsewhere' });
    const chart = newChart();
    const runtime = new SysboxRuntime(chart, 'sysbox', { runtimeClass: { name: 'vm' } });
    made(chart, { runtime });

    Testing.synth(chart);

    expect(printed).toEqual([]);
  });

  test('is looked for in all charts of the app', () => {
    const app = new App();
    const pods = new Chart(app, 'pods');
    const pod = made(pods, { runtimeClassName: 'vm-2' });
    new SysboxRuntimeClass(new Chart(app, 'classes'), 'one', { name: 'vm-1' });

    app.synthYaml();
    expect(printed).toHaveLength(1);
    expect(printed[0]).toContain(`${pod.node.path}: the pods name RuntimeClass 'vm-2'`);
  });
});
