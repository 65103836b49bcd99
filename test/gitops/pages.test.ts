import { transformSync } from '@swc/core';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installAgentSandboxCrds } from '../cluster/agent-sandbox';
import { ApiServer, eventually, startApiServer } from '../cluster/api-server';
import { kubectl } from '../cluster/build';
import { root } from './manifests';
import { Terminal } from './terminal';
import { buildTimeout, helm } from './tools';

// Every program of README, the tutorial and the how-tos is run with the compiled package, in the order of its page, and what it writes
// is applied with kubectl to a real API server on which the runtime was installed. What a block declares comes from reader/reader.js.
// No controller runs: nobody makes default ServiceAccounts, so their admission plugin is off. The CRDs of the Prometheus operator and
// of K3s' Helm controller are stand-ins that take any spec. The shell blocks run but for the commands named here. The pages without-npm,
// argo-cd and flux are in docs.test.ts.

/** Shell blocks that do not run here, by a word of each, and why. */
const NOT_RUN: Record<string, string> = {
  'npm ci': 'CI itself',
  'npm install': 'test/package installs the tarball',
  'status --watch': 'waits for nodes; test/rollout',
  'logs -l': 'needs a kubelet',
  'kubectl exec': 'needs a kubelet; test/node',
  'port-forward': 'needs a kubelet; test/node',
  'dev.yaml': 'needs the kubeconfig of a nested cluster; test/node',
  journalctl: 'is for a shell on the node',
  '/var/lib/cdk8s-sysbox': 'is for a shell on the node',
};

/** Programs that print, or that add to an app of their reader. */
const MAKES_NO_OBJECTS = ['SystemPodRules.enforceIn(app)', "'pod-overrides'", 'SysboxSource.image('];

const PAGES = [
  'README',
  'docs/tutorial',
  ...readdirSync(join(root, 'docs', 'how-to'))
    .map((name) => `docs/how-to/${name.replace(/\.md$/, '')}`)
    .filter((page) => !/without-npm|argo-cd|flux/.test(page) && blocksOf(page).length > 0),
];

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, `${page}.md`), 'utf8');
  return [...text.matchAll(/^```(ts|js|sh)\n(.*?)^```/gms)].map(([, language = '', code = '']) => ({
    language,
    text: code,
  }));
}

/** The block as a program: what it declares is made, and its app is synthesized if it does not do so itself. */
function programOf({ text }: Block): string {
  const { code } = transformSync(text, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  const declared = [...text.matchAll(/^declare const (\w+):/gm)].map(
    ([, name]) => `const ${name} = declared.${name}();`,
  );
  const ownApp = /\bnew App\(/.test(text);
  const end = text.includes('app.synth()') ? [] : [ownApp ? 'app.synth();' : "require('./reader').app.synth();"];
  return [
    ...(declared.length > 0 ? ["const { declared } = require('./reader');", ...declared] : []),
    code,
    ...end,
  ].join('\n');
}

class Reader extends Terminal {
  constructor(server: ApiServer, tools: Record<string, string>) {
    super(server, tools);
    const modules = join(this.directory, 'node_modules');
    mkdirSync(modules);
    for (const name of ['cdk8s', 'cdk8s-plus-30', 'constructs']) {
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
    symlinkSync(root, join(modules, 'cdk8s-sysbox'));
    copyFileSync(join(__dirname, 'reader', 'reader.js'), join(this.directory, 'reader.js'));
  }

  /** Runs a program and applies what it writes. */
  async program(block: Block): Promise<void> {
    rmSync(join(this.directory, 'dist'), { recursive: true, force: true });
    writeFileSync(join(this.directory, 'main.js'), programOf(block));
    await this.sh(`${process.execPath} main.js`, 'A program of the page fails.');
    if (!this.hasWritten()) return;
    // a reader who changes an app applies it again
    await this.sh(
      'kubectl apply --server-side --force-conflicts -f dist/',
      'What a program of the page writes is refused.',
    );
  }

  hasWritten(): boolean {
    const dist = join(this.directory, 'dist');
    return readdirSync(dist).some((file) => readFileSync(join(dist, file), 'utf8').includes('kind:'));
  }

  /** What the commands of check-manifests work on. */
  async ownManifests(): Promise<void> {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'own' },
      spec: {
        hostUsers: false,
        runtimeClassName: 'sysbox-runc',
        enableServiceLinks: false,
        containers: [{ name: 'a', image: 'a:1' }],
      },
    };
    for (const directory of ['manifests', join('apps', 'team')]) {
      mkdirSync(join(this.directory, directory), { recursive: true });
      writeFileSync(join(this.directory, directory, 'pod.yaml'), JSON.stringify(pod));
    }
    await this.sh('helm create my-chart');
  }

  close(): void {
    rmSync(this.directory, { recursive: true });
  }
}

const anySpec = (group: string, version: string, kind: string, plural: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});

let server: ApiServer;
let tools: Record<string, string>;
beforeAll(async () => {
  tools = { kubectl: await kubectl(), helm: await helm() };
  server = await startApiServer({ minor: '1.37', flags: ['--disable-admission-plugins=ServiceAccount'] });
  await server.apply(readFileSync(join(root, 'test', 'k3k', 'crds', 'clusters.yaml'), 'utf8'));
  await installAgentSandboxCrds(server);
  for (const [group, kind] of [
    ['monitoring.coreos.com', 'PrometheusRule'],
    ['helm.cattle.io', 'HelmChart'],
  ] as const) {
    const crd = anySpec(group, 'v1', kind, `${kind.toLowerCase()}s`);
    await server.apply(JSON.stringify(crd));
    await eventually(() => server.get(`/apis/${group}/v1/${crd.spec.names.plural}`));
  }
  for (const file of readdirSync(join(root, 'dist')))
    await server.apply(readFileSync(join(root, 'dist', file), 'utf8'));
  // as a pool's node registers, which autoscaled-pools takes the taint from
  const taints = [{ key: 'sysbox-runtime', value: 'not-running', effect: 'NoSchedule' }];
  await server.createNode('agent-1', { labels: { 'sysbox-install': 'yes' }, spec: { taints } });
  // the reader's own namespace; those that a page names are made by the page
  for (const name of ['docs', 'monitoring']) await server.createNamespace(name);
}, buildTimeout);
afterAll(() => server?.stop());

describe.each(PAGES)('%s', (page) => {
  let reader: Reader;
  beforeAll(async () => {
    reader = new Reader(server, tools);
    if (page.endsWith('check-manifests')) await reader.ownManifests();
  });
  afterAll(() => reader.close());

  const blocks = blocksOf(page);
  const programs = blocks.filter(({ language }) => language !== 'sh');

  test.each(blocks.map((block, index) => [index + 1, block.language, block] as const))(
    'block %i (%s) works',
    async (_, language, block) => {
      if (language !== 'sh') {
        await reader.program(block);
        expect(reader.hasWritten() || MAKES_NO_OBJECTS.some((text) => block.text.includes(text))).toBe(true);
        return;
      }
      const lines = block.text.split('\n').filter((line) => !Object.keys(NOT_RUN).some((word) => line.includes(word)));
      await reader.sh(lines.join('\n').replaceAll('<node>', 'agent-1'));
    },
    120_000,
  );

  test('has programs, or is about something else', () => {
    expect(programs.length > 0 || page.endsWith('troubleshoot')).toBe(true);
  });
});
