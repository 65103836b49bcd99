import { Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { DockerEngine, DockerEngineMode } from '../../src/docker';
import { SystemStorage } from '../../src/workloads';
import { kinds, newChart, podSpecIn, templateIn } from '../workloads/kinds';

const one = { storage: Size.gibibytes(1), storageClassName: 'fast' };
const dataOf = (spec: { volumes: { name: string }[] }) => spec.volumes.find(({ name }) => name === 'docker-data');

describe.each(Object.values(kinds).filter(({ name }) => name !== 'SystemDaemonSet'))('in a $name', (kind) => {
  test('a claim survives the pod', () => {
    const chart = newChart();
    // two pods at a time would share it: the rules refuse that, and an engine is given one pod
    const replicas =
      kind.name === 'SystemDeployment' ? { replicas: 1, strategy: kplus.DeploymentStrategy.recreate() } : {};
    const policy = kind.name === 'SystemCronJob' ? { concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID } : {};
    const workload = kind.make(chart, 'it', { ...replicas, ...policy } as object);

    DockerEngine.on(workload, { mode: DockerEngineMode.IN_CONTAINER, storage: SystemStorage.claim(one) });

    const objects = Testing.synth(chart);
    const claim = objects.find(({ kind: k }) => k === 'PersistentVolumeClaim');
    if (kind.name === 'SystemStatefulSet') {
      const set = objects.find(({ kind: k }) => k === 'StatefulSet');
      expect(claim).toBeUndefined();
      expect(set.spec.volumeClaimTemplates).toMatchObject([
        { metadata: { name: 'docker-data' }, spec: { storageClassName: 'fast' } },
      ]);
      expect(dataOf(templateIn(kind, chart).spec)).toBeUndefined();
    } else {
      expect(claim.spec).toMatchObject({ storageClassName: 'fast', resources: { requests: { storage: '1024Mi' } } });
      expect(dataOf(templateIn(kind, chart).spec)).toEqual({
        name: 'docker-data',
        persistentVolumeClaim: { claimName: claim.metadata.name },
      });
    }
  });
});

test('a DaemonSet takes no claim that its pods would share, but one of each pod', () => {
  const kind = kinds.SystemDaemonSet!;
  const chart = newChart();

  expect(() =>
    DockerEngine.on(kind.make(chart, 'a'), { mode: DockerEngineMode.IN_CONTAINER, storage: SystemStorage.claim(one) }),
  ).toThrow(
    "test/a: several pods of a DaemonSet can run at a time, and would share the claim 'docker-data'. Use SystemStorage",
  );
  const other = newChart();
  DockerEngine.on(kind.make(other, 'b'), {
    mode: DockerEngineMode.IN_CONTAINER,
    storage: SystemStorage.ephemeralClaim(one),
  });
  expect(dataOf(podSpecIn(kind, other))).toMatchObject({ ephemeral: { volumeClaimTemplate: {} } });
});

test('a volume of elsewhere, and none at all', () => {
  const kind = kinds.SystemPod!;
  const chart = newChart();
  const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'claim', 'mine');
  const volume = kplus.Volume.fromPersistentVolumeClaim(chart, 'volume', claim, { name: 'mine' });

  DockerEngine.on(kind.make(chart, 'it'), {
    mode: DockerEngineMode.IN_CONTAINER,
    storage: SystemStorage.fromStorage(volume),
  });
  const mounts = podSpecIn(kind, chart).containers[0].volumeMounts;
  expect(mounts).toContainEqual({ name: 'mine', mountPath: '/var/lib/docker', subPath: 'docker' });

  const other = newChart();
  DockerEngine.on(kind.make(other, 'it'), { mode: DockerEngineMode.IN_CONTAINER, storage: SystemStorage.nodeLocal() });
  const paths = podSpecIn(kind, other).containers[0].volumeMounts.map((m: { mountPath: string }) => m.mountPath);
  expect(paths).toEqual(['/opt/cdk8s-sysbox/docker', '/docker-socket']);
});
