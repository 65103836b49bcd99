import { Chart, Size, Testing, Yaml } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { DockerEngine } from '../../src/docker';
import { SystemPodRules } from '../../src/rules';
import { SystemdMachine } from '../../src/systemd';
import { SystemPodTemplate, SystemStorage } from '../../src/workloads';
import { containerOf } from '../docker/manifests';

const containers = [{ name: 'agent', image: 'a:1' }];

function templateIn(chart: Chart, props: object = { containers }): SystemPodTemplate {
  return new SystemPodTemplate(new Construct(chart, 'ci'), 'agent', props);
}

test('is a system pod, and makes none by itself', () => {
  const chart = Testing.chart();
  const template = templateIn(chart);

  expect(template.toTemplate()).toMatchObject({
    spec: { runtimeClassName: 'sysbox-runc', hostUsers: false, containers },
  });
  expect(template.toTemplate()).not.toHaveProperty('metadata');
  expect(template.toPodSpec()).toEqual(template.toTemplate().spec);
  expect(Yaml.stringify(template.toTemplate())).toBe(template.toYaml());
  expect(Testing.synth(chart)).toEqual([]);
});

test('has labels and annotations that were given, and not the address of one pod', () => {
  const template = templateIn(Testing.chart(), { containers, metadata: { labels: { team: 'ci' } } });
  template.podMetadata.addAnnotation('note', 'x');

  expect(template.toTemplate().metadata).toEqual({ labels: { team: 'ci' }, annotations: { note: 'x' } });
});

test('takes personalities, whose files are made in the chart', () => {
  const chart = Testing.chart();
  const template = templateIn(chart);
  DockerEngine.on(template);
  SystemdMachine.on(template, { container: { image: 'debian-systemd:13' } });

  const spec = template.toPodSpec();

  expect(containerOf(spec, 'docker')).toMatchObject({ restartPolicy: 'Always' });
  expect(containerOf(spec, 'machine')).toMatchObject({ command: ['/sbin/init'] });
  const names = Testing.synth(chart).map(({ metadata }) => metadata.name);
  const used = spec.volumes.flatMap(({ configMap }: { configMap?: { name: string } }) => configMap?.name ?? []);
  expect(used.sort()).toEqual(names.sort());
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'it' }, spec };
  expect(SystemPodRules.check([pod]).filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('takes containers, init containers and volumes', () => {
  const chart = Testing.chart();
  const template = templateIn(chart, {});
  template.addContainer({ name: 'a', image: 'a:1' });
  template.addInitContainer({ name: 'b', image: 'b:1' });
  template.addVolume(kplus.Volume.fromEmptyDir(chart, 'v', 'scratch'));

  expect([template.containers.length, template.initContainers.length]).toEqual([1, 1]);
  expect(template.toPodSpec().volumes).toEqual([{ name: 'scratch', emptyDir: {} }]);
});

describe('refuses', () => {
  test('what breaks a rule', () => {
    const template = templateIn(Testing.chart(), { containers, hostNetwork: true });

    expect(() => template.toTemplate()).toThrow(/^test\/ci\/agent: 'hostNetwork' is true: /);
  });

  test('a claim that all pods would share', () => {
    const template = templateIn(Testing.chart());
    DockerEngine.on(template, { storage: SystemStorage.claim({ storage: Size.gibibytes(1) }) });

    expect(() => template.toTemplate()).toThrow(
      'test/ci/agent: all pods would share one claim. Use SystemStorage.ephemeralClaim()',
    );
  });
});
