import { ApiObject, App, Chart, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { adopt, SystemDeployment, SystemPod } from '../../src/workloads';
import { workload } from '../rules/table';

const containers = [{ image: 'a:1' }];

/** A pod, and how often its container was rendered. */
function counting(chart: Chart): { pod: SystemPod; count: () => number } {
  const pod = new SystemPod(chart, 'it', { containers });
  let count = 0;
  const container = pod.containers[0]!;
  const render = container._toKube.bind(container);
  container._toKube = () => {
    count++;
    return render();
  };
  return { pod, count: () => count };
}

test.each([1, 4])('a system pod is rendered once in an app of %i charts', (charts) => {
  const app = new App();
  const all = Array.from({ length: charts }, (_, i) => counting(new Chart(app, `chart-${i}`)));

  app.synthYaml();

  expect(all.map(({ count }) => count())).toEqual(all.map(() => 1));
});

test('metadata is rendered once, where the pods have no annotations', () => {
  const app = new App();
  const pod = new SystemPod(new Chart(app, 'chart'), 'it', { containers });
  const render = jest.spyOn(pod.metadata, 'toJson');

  app.synthYaml();

  expect(render).toHaveBeenCalledTimes(1);
});

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/main';

test.each<[string, (chart: Chart) => unknown]>([
  [
    'as a prop',
    (chart) => new SystemPod(chart, 'it', { containers, metadata: { annotations: { [APP_ARMOR]: 'unconfined' } } }),
  ],
  [
    'by a method',
    (chart) => new SystemPod(chart, 'it', { containers }).metadata.addAnnotation(APP_ARMOR, 'unconfined'),
  ],
  [
    'for the pods of a workload',
    (chart) => new SystemDeployment(chart, 'it', { containers }).podMetadata.addAnnotation(APP_ARMOR, 'unconfined'),
  ],
])('an annotation that is given %s is checked', (_, make) => {
  const chart = Testing.chart();
  make(chart);

  expect(() => Testing.synth(chart)).toThrow("container 'main' has the AppArmor profile unconfined");
});

test('an adopted object is rendered once', () => {
  const chart = Testing.chart();
  const object = new ApiObject(chart, 'it', workload('Pod', { containers: [{ name: 'main', image: 'a:1' }] }));
  const render = jest.spyOn(object, 'toJson');
  adopt(object);

  Testing.synth(chart);

  expect(render).toHaveBeenCalledTimes(1);
});

describe('what changes is rendered', () => {
  const withVolume = (change: (pod: SystemPod, chart: Chart) => void) => {
    const chart = Testing.chart();
    const { pod } = counting(chart);
    change(pod, chart);
    pod.addVolume(kplus.Volume.fromEmptyDir(chart, 'v', 'late'));
    return Testing.synth(chart)[0].spec.volumes;
  };

  test.each<[string, (pod: SystemPod, chart: Chart) => void]>([
    ['after a validation of the construct', (pod) => pod.node.validate()],
    ['after a synth', (_, chart) => Testing.synth(chart)],
    ['after a synth and a validation', (pod, chart) => [Testing.synth(chart), pod.node.validate()]],
    ['after it was rendered by hand', (pod) => ApiObject.of(pod).toJson()],
    [
      'after a synth that failed',
      (pod, chart) => {
        new SystemPod(chart, 'wrong', { containers, hostNetwork: true });
        expect(() => Testing.synth(chart)).toThrow('hostNetwork');
        chart.node.tryRemoveChild('wrong');
        pod.node.validate();
      },
    ],
  ])('%s', (_, change) => {
    expect(withVolume(change)).toEqual([{ name: 'late', emptyDir: {} }]);
  });
});
