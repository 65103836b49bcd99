import { Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { SystemPod } from '../../src/workloads';
import { newChart, ubuntu } from './kinds';

test("the article's pod", () => {
  // GIVEN
  const chart = newChart();

  // WHEN
  new SystemPod(chart, 'ubuntu', { ...ubuntu, restartPolicy: kplus.RestartPolicy.NEVER });

  // THEN
  expect(Testing.synth(chart)).toMatchSnapshot();
});

test('every cdk8s-plus method still works on it', () => {
  // GIVEN
  const chart = newChart();
  const pod = new SystemPod(chart, 'it', { automountServiceAccountToken: true });
  const volume = kplus.Volume.fromEmptyDir(chart, 'v', 'scratch');

  // WHEN
  pod.addContainer({ name: 'a', image: 'a:1', ports: [{ number: 80 }] }).mount('/scratch', volume);
  pod.addInitContainer({ name: 'b', image: 'b:1' });
  pod.addHostAlias({ hostnames: ['db'], ip: '10.0.0.1' });
  pod.scheduling.tolerate(kplus.Node.tainted(kplus.NodeTaintQuery.exists('gpu')));
  pod.scheduling.attract(kplus.Node.labeled(kplus.NodeLabelQuery.is('disk', 'ssd')));
  pod.connections.isolate();
  pod.dns.addNameserver('1.1.1.1');

  // THEN
  const objects = Testing.synth(chart);
  expect(objects.map((o) => o.kind)).toEqual(['Pod', 'NetworkPolicy']);
  expect(objects[0].spec).toMatchObject({
    containers: [{ name: 'a', volumeMounts: [{ mountPath: '/scratch', name: 'scratch' }] }],
    initContainers: [{ name: 'b' }],
    hostAliases: [{ ip: '10.0.0.1' }],
    tolerations: [{ key: 'gpu', operator: 'Exists' }],
    volumes: [{ name: 'scratch', emptyDir: {} }],
    dnsConfig: { nameservers: ['1.1.1.1'] },
    runtimeClassName: 'sysbox-runc',
  });
  expect(objects[0].spec.affinity.nodeAffinity).toBeDefined();
  expect(pod.toSubjectConfiguration().name).toBe('default');
});

test('a container that was made elsewhere and attached keeps all it has', () => {
  const chart = newChart();
  const pod = new SystemPod(chart, 'it');

  pod.attachContainer(new kplus.Container({ image: 'web:1' }));

  const [container] = Testing.synth(chart)[0].spec.containers;
  expect(container.securityContext).toMatchObject({ runAsNonRoot: true, readOnlyRootFilesystem: true });
  expect(container.resources.requests).toEqual({ cpu: '1000m', memory: '512Mi' });
});

test('what the container objects say is what is rendered', () => {
  const pod = new SystemPod(newChart(), 'it', ubuntu);

  const [container] = pod.containers;

  expect(container?.securityContext).toMatchObject({
    ensureNonRoot: false,
    readOnlyRootFilesystem: false,
    allowPrivilegeEscalation: true,
  });
  expect(container?.resources).toEqual({});
  expect(container?.imagePullPolicy).toBe(kplus.ImagePullPolicy.IF_NOT_PRESENT);
  expect(pod.enableServiceLinks).toBe(false);
});

test.each([
  ['ubuntu:24.04', kplus.ImagePullPolicy.IF_NOT_PRESENT],
  ['localhost:5000/ubuntu', kplus.ImagePullPolicy.ALWAYS],
  ['localhost:5000/ubuntu:latest', kplus.ImagePullPolicy.ALWAYS],
  [`ubuntu@sha256:${'0'.repeat(64)}`, kplus.ImagePullPolicy.IF_NOT_PRESENT],
])("the pull policy of %s is Kubernetes' own", (image, policy) => {
  const pod = new SystemPod(newChart(), 'it', { containers: [{ image }] });

  expect(pod.containers[0]?.imagePullPolicy).toBe(policy);
});
