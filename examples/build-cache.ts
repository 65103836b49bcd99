import { App, Chart, Duration, Size } from 'cdk8s';
import { ConfigMap, Cpu, EnvValue, Job, Probe, RestartPolicy, Secret, Service, Volume } from 'cdk8s-plus-30';
import {
  DockerEngine,
  DockerEngineMode,
  SpecialDirectory,
  SystemJob,
  SystemStatefulSet,
  SystemStorage,
} from 'cdk8s-sysbox';

// Images that are built in pods which come and go, and the layers that the next build takes from the last one. Two ways.
const app = new App();
const image = 'registry.example.com/team/app:1.0';
const cache = 'registry.example.com/team/app:buildcache';
const dockerfile = { Dockerfile: 'FROM alpine:3.22\nRUN apk add --no-cache curl\n' };
const once = {
  restartPolicy: RestartPolicy.NEVER,
  backoffLimit: 1,
  activeDeadline: Duration.minutes(30),
  ttlAfterFinished: Duration.hours(1),
};

// 1. In the registry: an engine for each build, which is empty at the start, and nothing to keep. `mode=max` also keeps the layers of
//    stages that are not in the image. The engine exports a cache with its containerd image store.
const registry = new Chart(app, 'build-cache-registry', { namespace: 'ci', disableResourceNameHashes: true });
const pipeline = new SystemJob(registry, 'build', once);
pipeline
  .addContainer({
    name: 'build',
    image: 'docker.io/library/docker:29-cli',
    workingDir: '/source',
    command: [
      ...['docker', 'buildx', 'build', '--push', '--tag', image],
      ...['--cache-from', `type=registry,ref=${cache}`],
      ...['--cache-to', `type=registry,ref=${cache},mode=max`, '.'],
    ],
  })
  .mount('/source', Volume.fromConfigMap(registry, 'files', new ConfigMap(registry, 'source', { data: dockerfile })));
DockerEngine.on(pipeline, {
  mode: DockerEngineMode.SIDECAR,
  container: {
    image: 'docker.io/library/docker:29-dind',
    resources: { cpu: { request: Cpu.millis(500) }, memory: { request: Size.gibibytes(1), limit: Size.gibibytes(4) } },
  },
  storage: SystemStorage.ephemeralClaim({ storage: Size.gibibytes(40) }),
  registryCredentials: Secret.fromSecretName(registry, 'registry', 'registry-credentials'),
  daemon: { features: { 'containerd-snapshotter': true } },
});

// 2. On a disk: one BuildKit for all builds, with its layers on a claim. The build pods are plain pods. Certificates are as cert-manager
//    writes them; without them, anyone who can reach the port is root in BuildKit's container.
const shared = new Chart(app, 'build-cache-shared', { namespace: 'ci', disableResourceNameHashes: true });
const port = 1234;
const tls = '/etc/buildkit/tls';
const buildkit = new SystemStatefulSet(shared, 'buildkit', {
  service: new Service(shared, 'service', { metadata: { name: 'buildkit' }, ports: [{ port }] }),
  replicas: 1,
});
const server = buildkit.addContainer({
  name: 'buildkitd',
  image: 'docker.io/moby/buildkit:v0.25.1',
  args: [
    ...['--addr', 'unix:///run/buildkit/buildkitd.sock', '--addr', `tcp://0.0.0.0:${port}`],
    ...['--tlscacert', `${tls}/ca.crt`, '--tlscert', `${tls}/tls.crt`, '--tlskey', `${tls}/tls.key`],
  ],
  ports: [{ number: port }],
  readiness: Probe.fromTcpSocket({ port }),
  resources: { cpu: { request: Cpu.units(1) }, memory: { request: Size.gibibytes(1), limit: Size.gibibytes(8) } },
});
const serverTls = Secret.fromSecretName(shared, 'server-certificate', 'buildkit-server-tls');
server.mount(tls, Volume.fromSecret(shared, 'server-tls', serverTls), { readOnly: true });
SpecialDirectory.BUILDKIT.mount(
  server,
  buildkit.addVolumeClaimTemplate({ name: 'layers', storage: Size.gibibytes(100) }),
);

const client = new Job(shared, 'build', once);
const build = client.addContainer({
  name: 'build',
  image: 'docker.io/library/docker:29-cli',
  workingDir: '/source',
  command: [
    'sh',
    '-euc',
    'docker buildx create --use --driver remote --driver-opt "cacert=$1/ca.crt,cert=$1/tls.crt,key=$1/tls.key" "$2"\n' +
      'docker buildx build --push --tag "$3" .',
    ...['build', tls, `tcp://buildkit:${port}`, image],
  ],
  // the directory with the credentials is read-only, so buildx keeps its state elsewhere
  envVariables: {
    DOCKER_CONFIG: EnvValue.fromValue('/docker-config'),
    BUILDX_CONFIG: EnvValue.fromValue('/tmp/buildx'),
  },
  resources: { cpu: { request: Cpu.millis(100) }, memory: { request: Size.mebibytes(128) } },
  securityContext: { ensureNonRoot: false, readOnlyRootFilesystem: false },
});
build.mount('/source', Volume.fromConfigMap(shared, 'files', new ConfigMap(shared, 'source', { data: dockerfile })));
const clientTls = Secret.fromSecretName(shared, 'client-certificate', 'buildkit-client-tls');
build.mount(tls, Volume.fromSecret(shared, 'client-tls', clientTls), { readOnly: true });
const credentials = Secret.fromSecretName(shared, 'registry', 'registry-credentials');
build.mount(
  '/docker-config',
  Volume.fromSecret(shared, 'credentials', credentials, { items: { '.dockerconfigjson': { path: 'config.json' } } }),
  { readOnly: true },
);

app.synth();
