// The packed library in the app that `cdk8s init typescript-app` makes, with each cdk8s-plus that people have, and with the newest
// peers: compiled with the template's own options, and run.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const template = join(root, 'node_modules', 'cdk8s-cli', 'templates', 'typescript-app');
const directory = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-peers-'));
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const run = (command: string, args: string[], cwd: string) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' });

let tarball = '';

beforeAll(() => {
  const answer = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], root));
  tarball = join(directory, (Array.isArray(answer) ? answer[0] : Object.values<typeof answer>(answer)[0]).filename);
}, 60_000);

/** What an app on another cdk8s-plus does with this library: workloads, Secrets and Services of its own. */
const program = (plus: string) => `
import { Construct } from 'constructs';
import { App, Chart, ChartProps, Size } from 'cdk8s';
import { Deployment, Secret, Service, Volume } from 'cdk8s-plus-${plus}';
import {
  DevSandbox, DockerEngine, DockerServer, SpecialDirectory, SysboxRuntime, SystemDeployment, SystemPod, SystemStorage, adopt,
} from 'cdk8s-sysbox';

export class MyChart extends Chart {
  constructor(scope: Construct, id: string, props: ChartProps = { }) {
    super(scope, id, props);
    const runtime = new SysboxRuntime(this, 'sysbox');
    new SystemPod(this, 'first', { system: { runtime }, containers: [{ image: 'ubuntu:24.04' }] });

    const agents = new Deployment(this, 'agents', { containers: [{ image: 'registry.example.org/agent:1', portNumber: 80 }] });
    const service: Service = agents.exposeViaService();
    adopt(agents, { runtime });

    const builders = new Deployment(this, 'builders', { containers: [{ image: 'registry.example.org/builder:1' }] });
    DockerEngine.on(adopt(builders, { runtime, removeCdk8sPlusDefaults: true }), { storage: SystemStorage.emptyDir(Size.gibibytes(5)) });

    for (const container of builders.containers) {
      SpecialDirectory.BUILDKIT.mount(container, Volume.fromEmptyDir(this, 'layers', 'layers'));
    }

    const engine = new SystemDeployment(this, 'engine', { replicas: 1, system: { runtime } });
    const docker = DockerServer.on(engine, { certificate: Secret.fromSecretName(this, 'server', 'docker-server-tls') });
    const clients = new Deployment(this, 'clients', { containers: [{ image: 'docker:29-cli' }] });
    const certificate = Secret.fromSecretName(this, 'client', 'docker-client-tls');
    for (const container of clients.containers) docker.connect(container, { certificate });

    new DevSandbox(this, 'ada', {
      image: 'registry.example.org/dev:1',
      authorizedKeys: new Secret(this, 'keys', { metadata: { name: 'keys' } }),
      system: { runtime },
    });
    if (service.port !== 80) throw new Error('the Service is not the one of the Deployment');
  }
}

const app = new App();
new MyChart(app, 'app', { namespace: 'demo' });
app.synth();
`;

function app(name: string, plus: string, packages: string[]): string {
  const at = join(directory, name);
  mkdirSync(at);
  cpSync(join(template, 'tsconfig.json'), join(at, 'tsconfig.json'));
  writeFileSync(join(at, 'package.json'), '{"name": "app", "private": true}');
  writeFileSync(join(at, 'main.ts'), program(plus));
  // TypeScript and Node's types as the template of the CLI asks for them
  const tools = ['typescript@5', '@types/node@20'];
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball, ...packages, ...tools], at);
  run(process.execPath, ['node_modules/typescript/bin/tsc', '--skipLibCheck'], at);
  run(process.execPath, ['main.js'], at);
  return readFileSync(join(at, 'dist', 'app.k8s.yaml'), 'utf8');
}

const oldest = ['cdk8s', 'cdk8s-plus-30', 'constructs'].map((name) => `${name}@${own.devDependencies[name]}`);

// Pod templates of Deployments say the same in each version; addresses of Services are hashes of paths.
test.each(['30', '32', '34'])(
  "compiles and runs in the template's app with cdk8s-plus-%s",
  (plus) => {
    const packages = plus === '30' ? oldest : [...oldest, `cdk8s-plus-${plus}`];
    const yaml = app(`plus-${plus}`, plus, packages);

    expect(yaml.match(/runtimeClassName: sysbox-runc/g)?.length).toBeGreaterThanOrEqual(4);
    expect(yaml.match(/hostUsers: false/g)?.length).toBeGreaterThanOrEqual(4);
    expect(yaml).toMatch(/name: DOCKER_HOST\n +value: tcp:/);
    expect(yaml).toMatch(/mountPath: \/var\/lib\/buildkit\n +name: layers/);
  },
  300_000,
);

test('the newest peers give the same bytes as the oldest', () => {
  const newest = app('newest', '30', ['cdk8s@2', 'cdk8s-plus-30@2', 'constructs@10']);

  expect(newest).toBe(readFileSync(join(directory, 'plus-30', 'dist', 'app.k8s.yaml'), 'utf8'));
}, 300_000);
