import { Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { SystemStatefulSet, VolumeClaimTemplate } from '../../src/workloads';
import { newChart } from './kinds';

const everyProp: Required<VolumeClaimTemplate> = {
  name: 'data',
  storage: Size.gibibytes(2),
  storageClassName: 'local-path',
  accessModes: [kplus.PersistentVolumeAccessMode.READ_WRITE_ONCE_POD],
  labels: { app: 'x' },
  annotations: { note: 'y' },
  mountPath: '/data',
};

function newSet(claims?: VolumeClaimTemplate[]): { set: SystemStatefulSet; spec: () => ReturnType<typeof specOf> } {
  const chart = newChart();
  const set = new SystemStatefulSet(chart, 'it', {
    containers: [{ name: 'main', image: 'a:1', ports: [{ number: 80 }] }],
    volumeClaimTemplates: claims,
  });
  return { set, spec: () => specOf(chart) };
}

function specOf(chart: ReturnType<typeof newChart>) {
  return Testing.synth(chart).find((object) => object.kind === 'StatefulSet').spec;
}

test('gives each pod a claim of its own, and mounts it', () => {
  const spec = newSet([everyProp]).spec();

  expect(spec.volumeClaimTemplates).toEqual([
    {
      metadata: { name: 'data', labels: { app: 'x' }, annotations: { note: 'y' } },
      spec: {
        accessModes: ['ReadWriteOncePod'],
        resources: { requests: { storage: '2048Mi' } },
        storageClassName: 'local-path',
      },
    },
  ]);
  expect(spec.template.spec.containers[0].volumeMounts).toEqual([{ name: 'data', mountPath: '/data' }]);
});

test('leaves the volume itself to the controller', () => {
  const { set, spec } = newSet([everyProp]);
  set.addVolume(kplus.Volume.fromEmptyDir(set, 'scratch', 'scratch'));

  expect(spec().template.spec.volumes).toEqual([{ name: 'scratch', emptyDir: {} }]);
});

test('renders no claim and no volume when there are none', () => {
  const spec = newSet().spec();

  expect(spec).not.toHaveProperty('volumeClaimTemplates');
  expect(spec.template.spec).not.toHaveProperty('volumes');
});

test('a claim can be added later and mounted by hand', () => {
  const { set, spec } = newSet();

  const volume = set.addVolumeClaimTemplate({ name: 'data', storage: Size.mebibytes(5) });
  set.containers[0]?.mount('/d', volume);

  expect(spec().volumeClaimTemplates[0].spec.accessModes).toEqual(['ReadWriteOnce']);
  expect(spec().template.spec.containers[0].volumeMounts).toEqual([{ name: 'data', mountPath: '/d' }]);
});

test.each<[string, Partial<VolumeClaimTemplate>, string]>([
  ['a bad name', { name: 'Data' }, "test/it/Claim-Data: volume 'Data' is not a valid DNS label"],
  ['no storage', { storage: Size.mebibytes(0) }, 'a claim for 0 MiB of storage holds nothing. Ask for 1 MiB or more'],
])('refuses %s', (_, claim, message) => {
  expect(() => newSet([{ ...everyProp, ...claim }]).spec()).toThrow(message);
});

test('refuses to mount a claim into a container that is not there yet', () => {
  const chart = newChart();
  const service = new kplus.Service(chart, 'service', { ports: [{ port: 80 }] });

  const make = () => new SystemStatefulSet(chart, 'it', { service, volumeClaimTemplates: [everyProp] });

  expect(make).toThrow("test/it: no container yet to mount the claim 'data' into. Leave out mountPath and mount what");
});
