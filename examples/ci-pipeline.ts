import { App, Chart, Duration, Size } from 'cdk8s';
import { ConfigMap, Cpu, RestartPolicy, Secret, Volume } from 'cdk8s-plus-30';
import { DockerEngine, DockerEngineMode, SystemJob, SystemStorage } from 'cdk8s-sysbox';

// A pipeline that builds an image and pushes it, with a Docker engine that is nobody on the node.
const app = new App();
const chart = new Chart(app, 'ci-pipeline', { namespace: 'ci', disableResourceNameHashes: true });

const source = new ConfigMap(chart, 'source', {
  data: { Dockerfile: 'FROM alpine:3.22\nRUN apk add --no-cache curl\n' },
});

const pipeline = new SystemJob(chart, 'pipeline', {
  restartPolicy: RestartPolicy.NEVER,
  backoffLimit: 1,
  activeDeadline: Duration.minutes(30),
  ttlAfterFinished: Duration.hours(1),
});

const build = pipeline.addContainer({
  name: 'build',
  image: 'docker.io/library/docker:29-cli',
  workingDir: '/source',
  command: ['sh', '-euc', 'docker build -t "$1" . && docker push "$1"', 'build', 'registry.example.com/team/app:1.0'],
});
build.mount('/source', Volume.fromConfigMap(chart, 'source-files', source));

DockerEngine.on(pipeline, {
  mode: DockerEngineMode.SIDECAR,
  container: {
    image: 'docker.io/library/docker:29-dind',
    resources: { cpu: { request: Cpu.millis(500) }, memory: { request: Size.gibibytes(1), limit: Size.gibibytes(4) } },
  },
  storage: SystemStorage.ephemeralClaim({ storage: Size.gibibytes(40) }),
  registryCredentials: Secret.fromSecretName(chart, 'registry', 'registry-credentials'),
  daemon: { registryMirrors: ['https://mirror.example.com'] },
});

app.synth();
