import { Chart, Duration, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { DockerConnection, DockerServer, DockerServerOptions } from '../../src/docker';
import { SystemDaemonSet, SystemDeployment, SystemPod, SystemStorage } from '../../src/workloads';
import { byKind, checked, containerOf, podWith } from './manifests';

const certificate = (pod: SystemPod) => kplus.Secret.fromSecretName(pod, 'certificate', 'docker-server-tls');
const server = (options: Partial<DockerServerOptions> = {}) =>
  podWith((pod) => DockerServer.on(pod, { certificate: certificate(pod), ...options }));

test('listens with TLS only, with certificates as cert-manager writes them', () => {
  const { spec, daemon, configMap } = server();

  expect(daemon).toMatchObject({
    hosts: ['unix:///var/run/docker.sock', 'unix:///docker-socket/docker.sock', 'tcp://0.0.0.0:2376'],
    tlsverify: true,
    tlscacert: '/opt/cdk8s-sysbox/docker-server-tls/ca.crt',
    tlscert: '/opt/cdk8s-sysbox/docker-server-tls/tls.crt',
    tlskey: '/opt/cdk8s-sysbox/docker-server-tls/tls.key',
  });
  expect(containerOf(spec, 'docker')).toMatchObject({
    ports: [{ name: 'docker', containerPort: 2376 }],
    command: checked([configMap], '/opt/cdk8s-sysbox/docker', 'engine.sh'),
    args: ['dockerd'],
    readinessProbe: { exec: { command: ['/bin/sh', '/opt/cdk8s-sysbox/docker/engine.sh', 'runs'] } },
    startupProbe: { exec: { command: ['/bin/sh', '/opt/cdk8s-sysbox/docker/engine.sh', 'answers'] } },
  });
  expect(spec.volumes).toContainEqual({ name: 'docker-server-tls', secret: { secretName: 'docker-server-tls' } });
});

test('has a Service to its pods', () => {
  const { others, pod } = server({ serviceMetadata: { name: 'builder', labels: { team: 'ci' } } });

  expect(others.Service.metadata).toMatchObject({ name: 'builder', labels: { team: 'ci' } });
  expect(others.Service.spec).toMatchObject({
    ports: [{ name: 'docker', port: 2376 }],
    selector: { 'cdk8s.io/metadata.addr': pod.metadata.labels['cdk8s.io/metadata.addr'] },
  });
});

test.each([
  ['ci', 'tcp://builder.ci.svc:2376', ['builder', 'builder.ci', 'builder.ci.svc', 'builder.ci.svc.cluster.local']],
  [undefined, 'tcp://builder:2376', ['builder']],
])('in namespace %s its address is %s', (namespace, address, names) => {
  const chart = new Chart(Testing.app(), 'test', { namespace });
  const pod = new SystemPod(chart, 'it');

  const docker = DockerServer.on(pod, { certificate: certificate(pod), serviceMetadata: { name: 'builder' } });

  expect(docker.dockerHost).toBe(address);
  expect(docker.dnsNames).toEqual(names);
});

test('containers of other pods get what the docker command wants', () => {
  const chart = new Chart(Testing.app(), 'test', { namespace: 'ci' });
  const pod = new SystemPod(chart, 'it');
  const docker = DockerServer.on(pod, { certificate: certificate(pod), serviceMetadata: { name: 'builder' } });
  const clients = new kplus.Deployment(chart, 'clients', {
    containers: [
      { name: 'one', image: 'docker:29-cli' },
      { name: 'two', image: 'docker:29-cli' },
    ],
  });
  const connection: Required<DockerConnection> = { certificate: kplus.Secret.fromSecretName(chart, 's', 'client-tls') };

  for (const container of clients.containers) docker.connect(container, connection);

  const { spec } = byKind(chart).Deployment.spec.template;
  for (const container of spec.containers) {
    expect(container).toMatchObject({
      env: [
        { name: 'DOCKER_HOST', value: 'tcp://builder.ci.svc:2376' },
        { name: 'DOCKER_TLS_VERIFY', value: '1' },
        { name: 'DOCKER_CERT_PATH', value: '/opt/cdk8s-sysbox/docker-client-tls' },
      ],
      volumeMounts: [{ name: 'docker-client-tls', mountPath: '/opt/cdk8s-sysbox/docker-client-tls', readOnly: true }],
    });
  }
  expect(spec.volumes).toEqual([
    {
      name: 'docker-client-tls',
      secret: {
        secretName: 'client-tls',
        items: [
          { key: 'ca.crt', path: 'ca.pem' },
          { key: 'tls.crt', path: 'cert.pem' },
          { key: 'tls.key', path: 'key.pem' },
        ],
      },
    },
  ]);
});

/** All options at once, so that a new one does not compile until it is here. */
test('has all options of an engine', () => {
  const all = (pod: SystemPod): Required<DockerServerOptions> => ({
    certificate: certificate(pod),
    serviceMetadata: { name: 'builder' },
    container: { image: 'dind:1', name: 'engine', ports: [{ name: 'metrics', number: 9323 }] },
    daemon: { logDriver: 'local' },
    storage: SystemStorage.claim({ storage: Size.gibibytes(10) }),
    registryCredentials: kplus.Secret.fromSecretName(pod, 'registries', 'registries'),
    socketGroup: 5,
    sharedDirectories: ['/work'],
    startTimeout: Duration.seconds(10),
  });

  const { spec, daemon, others } = podWith((pod) => DockerServer.on(pod, all(pod)), {
    containers: [{ name: 'other', image: 'docker:29-cli' }],
  });

  const engine = containerOf(spec, 'engine');
  expect(engine.ports.map((p: { name: string }) => p.name)).toEqual(['docker', 'metrics']);
  expect(engine.startupProbe.failureThreshold).toBe(5);
  expect(engine.volumeMounts).toContainEqual({ name: 'docker-shared-0', mountPath: '/work' });
  expect(containerOf(spec, 'other').env).toContainEqual({
    name: 'DOCKER_CONFIG',
    value: '/opt/cdk8s-sysbox/docker-config',
  });
  expect(daemon).toMatchObject({ 'log-driver': 'local', group: '5' });
  expect(others.PersistentVolumeClaim.spec.resources.requests).toEqual({ storage: '10240Mi' });
  expect(others.Service.metadata.name).toBe('builder');
});

test('refuses a command', () => {
  expect(() => server({ container: { image: 'a:1', args: ['x'] } })).toThrow(
    "test/it: container 'docker' is the engine and takes no command",
  );
});

test.each([
  ['a Deployment of two', (chart: Chart) => new SystemDeployment(chart, 'it', { replicas: 2 })],
  ['a Deployment, which has two by itself', (chart: Chart) => new SystemDeployment(chart, 'it')],
  ['a DaemonSet', (chart: Chart) => new SystemDaemonSet(chart, 'it')],
])('refuses several engines behind one Service: %s', (_, make) => {
  const chart = Testing.chart();
  const secret = kplus.Secret.fromSecretName(chart, 'certificate', 'tls');

  expect(() => DockerServer.on(make(chart), { certificate: secret })).toThrow(
    'test/it: a Service would lead to several engines, each with images and containers of its own',
  );
});

test('refuses pods that would share the data of an engine', () => {
  const chart = Testing.chart();
  const deployment = new SystemDeployment(chart, 'it', { replicas: 1 }); // two of them while it is updated
  const secret = kplus.Secret.fromSecretName(chart, 'certificate', 'tls');
  const storage = SystemStorage.claim({ storage: Size.gibibytes(10) });

  expect(() => DockerServer.on(deployment, { certificate: secret, storage })).toThrow(
    'several pods of a Deployment can run at a time',
  );
});

test('refuses to connect what is not a container', () => {
  const chart = Testing.chart();
  const secret = kplus.Secret.fromSecretName(chart, 'certificate', 'tls');
  const docker = DockerServer.on(new SystemDeployment(chart, 'it', { replicas: 1 }), { certificate: secret });
  const clients = new kplus.Deployment(chart, 'clients', { containers: [{ image: 'docker:29-cli' }] });

  expect(() => docker.connect(clients, { certificate: secret })).toThrow(
    /^test\/it\/Docker: the container to connect is a cdk8s-plus-30.Deployment .*\. Expected a container of cdk8s-plus/,
  );
});
