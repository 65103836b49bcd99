import { Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { SpecialDirectory, SystemCronJob, SystemDeployment, SystemPod, SystemStatefulSet } from '../../src/workloads';
import { Chart, Cron } from 'cdk8s';
import { RuntimeReference } from '../../src/runtime';
import { CommonProps, kinds, newChart, podSpecIn, templateIn, ubuntu } from './kinds';

const bad = (fields: Partial<kplus.ContainerProps>): CommonProps => ({ containers: [{ image: 'a:1', ...fields }] });

describe.each(Object.values(kinds))('$name', (kind) => {
  test.each<[string, CommonProps, string]>([
    [
      'a privileged container',
      bad({ securityContext: { privileged: true } }),
      "container 'main' is privileged: Sysbox",
    ],
    ['hostNetwork', { ...ubuntu, hostNetwork: true }, "'hostNetwork' is true: the API server rejects"],
    ['shareProcessNamespace', { ...ubuntu, shareProcessNamespace: true }, "'shareProcessNamespace' is true: the pause"],
    [
      'an unknown variable of Sysbox',
      bad({ envVariables: { SYSBOX_FOO: kplus.EnvValue.fromValue('1') } }),
      "container 'main' sets SYSBOX_FOO: sysbox-runc refuses",
    ],
    ['systemd by another name', bad({ command: ['/usr/sbin/init'] }), "container 'main' starts systemd as"],
    [
      'an id that does not exist inside',
      bad({ securityContext: { user: 70000 } }),
      "runAsUser of container 'main' is 70000",
    ],
    ['a port of the host', bad({ ports: [{ number: 1, hostPort: 1 }] }), "container 'main' uses a host port"],
  ])('refuses %s, with the path, the reason and the remedy', (_, props, message) => {
    const chart = newChart();

    kind.make(chart, 'it', props);

    expect(() => Testing.synth(chart)).toThrow(`[test/it] ${message}`);
  });

  test('an id is accepted where the kubelet gives each pod as many', () => {
    const runtime = RuntimeReference.fromRuntimeClassName('sysbox-runc', { idsPerPod: 131072 });
    const synthWith = (user: number) => {
      const chart = newChart();
      kind.make(chart, 'it', { ...bad({ securityContext: { user } }), system: { runtime } });
      return podSpecIn(kind, chart).containers[0].securityContext.runAsUser;
    };

    expect(synthWith(131071)).toBe(131071);
    expect(() => synthWith(131072)).toThrow("[test/it] runAsUser of container 'main' is 131072");
  });

  test('refuses a volume of the host', () => {
    const chart = newChart();
    const workload = kind.make(chart, 'it', ubuntu);

    workload.addVolume(kplus.Volume.fromHostPath(chart, 'v', 'v', { path: '/' }));

    expect(() => Testing.synth(chart)).toThrow("[test/it] volume 'v' is a hostPath: it exposes the node");
  });

  test('says what cdk8s-plus itself refuses, with the path', () => {
    const chart = newChart();

    kind.make(chart, 'it', {});

    expect(() => Testing.synth(chart)).toThrow('[test/it] PodSpec must have at least 1 container');
  });

  test('reports all problems together', () => {
    const chart = newChart();

    kind.make(chart, 'it', { ...bad({ securityContext: { privileged: true } }), hostNetwork: true });

    expect(() => Testing.synth(chart)).toThrow(/is privileged[^]*\[test\/it\] 'hostNetwork'/);
  });

  test('a rule can be acknowledged, and the reason stays in the manifest', () => {
    const chart = newChart();
    const workload = kind.make(chart, 'it', bad({ securityContext: { privileged: true } }));

    workload.system.acknowledge('privileged', 'K3k wants it');

    const template = templateIn(kind, chart);
    expect(template.metadata.annotations).toEqual({ 'cdk8s-sysbox.io/acknowledge.privileged': 'K3k wants it' });
    expect(template.spec.containers[0].securityContext).toEqual({ privileged: true });
  });

  test('an annotation by hand acknowledges as well', () => {
    const chart = newChart();
    const workload = kind.make(chart, 'it', bad({ securityContext: { privileged: true } }));

    workload.podMetadata.addAnnotation('cdk8s-sysbox.io/acknowledge.privileged', 'K3k wants it');

    expect(podSpecIn(kind, chart).containers[0].securityContext).toEqual({ privileged: true });
  });

  test.each([
    [
      'no such rule',
      'host-pat',
      'why',
      "test/it: there is no rule 'host-pat' to acknowledge. The rules are: privileged,",
    ],
    ['no reason', 'host-path', ' ', "test/it: rule 'host-path' is acknowledged without a reason. Give one"],
    ['a final rule', 'host-users', 'why', "test/it: rule 'host-users' cannot be acknowledged: a RuntimeClass cannot"],
  ])('refuses to acknowledge %s', (_, rule, reason, message) => {
    const workload = kind.make(newChart(), 'it', ubuntu);

    expect(() => workload.system.acknowledge(rule, reason)).toThrow(message);
  });

  test('a mistake that is made after a good synth is found when it is rendered', () => {
    const chart = newChart();
    const workload = kind.make(chart, 'it', ubuntu);
    Testing.synth(chart);

    workload.addVolume(kplus.Volume.fromHostPath(chart, 'v', 'v', { path: '/' }));

    expect(() => Testing.synth(chart)).toThrow(/test\/it\/Resource'[^]*volume 'v' is a hostPath/);
  });

  test('is looked at once for the validation and once for the rendering, however many charts there are', () => {
    const chart = newChart();
    const workload = kind.make(chart, 'it', ubuntu);
    const toPodSpec = jest.spyOn(workload, '_toPodSpec');

    for (let i = 0; i < 5; i++) workload.node.validate();
    Testing.synth(chart);

    expect(toPodSpec).toHaveBeenCalledTimes(2);
  });

  test('can carry fields that are newer than cdk8s-plus', () => {
    const chart = newChart();
    const workload = kind.make(chart, 'it', ubuntu);

    workload.system._patchManifest(({ metadata, spec }) => ({
      metadata,
      spec: { ...spec, os: { name: 'linux' }, newer: 1 },
    }));

    expect(podSpecIn(kind, chart)).toMatchObject({ newer: 1, os: { name: 'linux' }, runtimeClassName: 'sysbox-runc' });
  });

  test('can be changed before it is rendered', () => {
    const chart = newChart();
    const workload = kind.make(chart, 'it', ubuntu);

    workload.system._change((spec) => ({ ...spec, schedulerName: 'mine' }));

    expect(podSpecIn(kind, chart)).toMatchObject({ schedulerName: 'mine' });
  });
});

describe("an engine's data", () => {
  const docker = (workload: kplus.AbstractPod, storage: kplus.IStorage) =>
    SpecialDirectory.DOCKER.mount(workload.containers[0]!, storage);
  const claim = (name: string, ...accessModes: kplus.PersistentVolumeAccessMode[]) => {
    const chart = newChart();
    const pvc = new kplus.PersistentVolumeClaim(chart, 'pvc', { metadata: { name }, accessModes });
    return { chart, volume: kplus.Volume.fromPersistentVolumeClaim(chart, 'v', pvc) };
  };

  test('is refused in one claim of several pods', () => {
    const { chart, volume } = claim('data');
    docker(new SystemDeployment(chart, 'it', ubuntu), volume);

    expect(() => Testing.synth(chart)).toThrow(
      "[test/it] container 'ubuntu' mounts the claim 'data' at /var/lib/docker",
    );
  });

  test('is refused in a claim that a rolling update mounts twice', () => {
    const { chart, volume } = claim('data');
    docker(new SystemDeployment(chart, 'it', { ...ubuntu, replicas: 1 }), volume);

    expect(() => Testing.synth(chart)).toThrow('several such pods can run concurrently');
  });

  test.each([
    kplus.DeploymentStrategy.recreate(),
    kplus.DeploymentStrategy.rollingUpdate({ maxSurge: kplus.PercentOrAbsolute.absolute(0) }),
  ])('may be in a claim of one pod that is never two', (strategy) => {
    const { chart, volume } = claim('data');
    docker(new SystemDeployment(chart, 'it', { ...ubuntu, replicas: 1, strategy }), volume);

    expect(() => Testing.synth(chart)).not.toThrow();
  });

  test('is refused in a claim of jobs that overlap', () => {
    const { chart, volume } = claim('data');
    const schedule = Cron.daily();
    docker(new SystemCronJob(chart, 'one', { ...ubuntu, metadata: { name: 'one' }, schedule }), volume);
    expect(() => Testing.synth(chart)).not.toThrow();

    const concurrencyPolicy = kplus.ConcurrencyPolicy.ALLOW;
    docker(
      new SystemCronJob(chart, 'many', { ...ubuntu, metadata: { name: 'many' }, schedule, concurrencyPolicy }),
      volume,
    );
    expect(() => Testing.synth(chart)).toThrow("[test/many] container 'ubuntu' mounts the claim 'data'");
  });

  test('is refused in a claim of two workloads', () => {
    const { chart, volume } = claim('data');
    docker(new SystemPod(chart, 'one', { containers: [{ image: 'a:1' }] }), volume);
    docker(new SystemPod(chart, 'two', { containers: [{ image: 'a:1' }] }), volume);

    expect(() => Testing.synth(chart)).toThrow(
      "[test/two] claim 'data' is both /var/lib/docker of test/one and /var/lib/docker of test/two: two engines",
    );
  });

  test('may be in a claim of one name in each of two clusters', () => {
    const { chart, volume } = claim('data');
    const other = new Chart(chart, 'other', { namespace: 'other' });
    const once = { metadata: { name: 'it' }, containers: [{ image: 'a:1' }] };
    docker(new SystemPod(chart, 'it', once), volume);
    docker(new SystemPod(other, 'it', once), volume);

    expect(() => Testing.synth(chart)).not.toThrow();
  });

  test('may be in a claim that another workload gave up', () => {
    const { chart, volume } = claim('data');
    const one = new SystemPod(chart, 'one', { containers: [{ image: 'a:1' }] });
    docker(one, volume);
    Testing.synth(chart);
    one.containers[0]?.mounts.pop();
    Testing.synth(chart);

    docker(new SystemPod(chart, 'two', { containers: [{ image: 'a:1' }] }), volume);

    expect(() => Testing.synth(chart)).not.toThrow();
  });

  test('may be in a claim of two workloads when that is acknowledged', () => {
    const { chart, volume } = claim('data');
    docker(new SystemPod(chart, 'one', { containers: [{ image: 'a:1' }] }), volume);
    const two = new SystemPod(chart, 'two', { containers: [{ image: 'a:1' }] });
    docker(two, volume);

    two.system.acknowledge('special-directory-shared', 'never at the same time');

    expect(() => Testing.synth(chart)).not.toThrow();
  });

  test('is refused in a ReadWriteMany claim of the same app', () => {
    const { chart, volume } = claim('data', kplus.PersistentVolumeAccessMode.READ_WRITE_MANY);
    docker(new SystemPod(chart, 'it', { containers: [{ image: 'a:1' }] }), volume);

    expect(() => Testing.synth(chart)).toThrow("[test/it] container 'main' mounts a ReadWriteMany claim at");
  });

  test('is refused in a ReadWriteMany claim template', () => {
    const chart = newChart();
    new SystemStatefulSet(chart, 'it', {
      containers: [{ image: 'a:1', ports: [{ number: 80 }] }],
      volumeClaimTemplates: [
        {
          name: 'data',
          storage: Size.gibibytes(1),
          accessModes: [kplus.PersistentVolumeAccessMode.READ_WRITE_MANY],
          mountPath: SpecialDirectory.DOCKER.path,
        },
      ],
    });

    expect(() => Testing.synth(chart)).toThrow("[test/it] container 'main' mounts a ReadWriteMany claim at");
  });
});
