import { execFileSync } from 'child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

// The tarball as a user gets it: installed by an app outside the repository, in TypeScript and in plain JavaScript.
const root = join(__dirname, '..', '..');
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const directory = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-pack-'));
const app = join(directory, 'app');
const run = (command: string, args: string[], cwd: string) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' });

const body = `
const app = new App();
const chart = new Chart(app, 'app');
const runtime = new SysboxRuntime(chart, 'sysbox');
new SystemPod(chart, 'pod', { system: { runtime }, containers: [{ image: 'ubuntu:24.04' }] });
app.synth();
`;

let packed: string[] = [];
let unpackedSize = 0;

beforeAll(() => {
  const answer = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], root));
  const tarball = Array.isArray(answer) ? answer[0] : Object.values<typeof answer>(answer)[0];
  unpackedSize = tarball.unpackedSize;
  packed = tarball.files.map((file: { path: string }) => file.path);
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{"name": "app", "private": true}');
  const peers = ['cdk8s', 'cdk8s-plus-30', 'constructs', 'typescript', '@types/node'];
  const versions = peers.map((name) => `${name}@${own.devDependencies[name]}`);
  run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', join(directory, tarball.filename), ...versions],
    app,
  );
}, 300_000);

test('holds the compiled code and the node programs, and no tests or sources', () => {
  expect(packed).toEqual(
    expect.arrayContaining(['.jsii', 'lib/src/index.js', 'lib/src/index.d.ts', 'src/installer/node/host/host.sh']),
  );
  expect(packed.filter((path) => /^(test|bench|dist|lib\/(test|examples|bench))\//.test(path))).toEqual([]);
  expect(packed.filter((path) => /^src\/.*\.ts$/.test(path))).toEqual([]);
});

test('unpacks to at most 1.6 MB', () => {
  expect(unpackedSize).toBeLessThanOrEqual(1_600_000);
});

test('holds every file that its README links to without an address', () => {
  const links = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/\]\((?!https:)([^)#]+)/g)].map(
    (match) => match[1] ?? '',
  );
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((link) => !packed.some((path) => path === link || path.startsWith(`${link}/`)))).toEqual([]);
});

test('synthesizes in an app of plain JavaScript', () => {
  writeFileSync(
    join(app, 'main.js'),
    `const { App, Chart } = require('cdk8s');\nconst { SysboxRuntime, SystemPod } = require('cdk8s-sysbox');\n${body}`,
  );
  run(process.execPath, ['main.js'], app);
  expect(readdirSync(join(app, 'dist'))).toEqual(['app.k8s.yaml']);
  expect(readFileSync(join(app, 'dist', 'app.k8s.yaml'), 'utf8')).toContain('runtimeClassName: sysbox-runc');
}, 60_000);

test('is found by name from ES modules, although its rooms are loaded late', () => {
  writeFileSync(
    join(app, 'main.mjs'),
    `import { App, Chart } from 'cdk8s';\nimport { SysboxRuntime, SystemPod } from 'cdk8s-sysbox';\n${body}`,
  );
  run(process.execPath, ['main.mjs'], app);
  expect(readFileSync(join(app, 'dist', 'app.k8s.yaml'), 'utf8')).toContain('kind: RuntimeClass');
}, 60_000);

test('synthesizes in an app of strict TypeScript', () => {
  writeFileSync(
    join(app, 'typed.ts'),
    `import { App, Chart } from 'cdk8s';\nimport { SysboxRuntime, SystemPod } from 'cdk8s-sysbox';\n${body}`,
  );
  const options = [
    '--strict',
    '--module',
    'commonjs',
    '--moduleResolution',
    'bundler',
    '--target',
    'es2022',
    '--types',
    'node',
  ];
  run(process.execPath, ['node_modules/typescript/bin/tsc', ...options, 'typed.ts'], app);
  run(process.execPath, ['typed.js'], app);
  expect(readFileSync(join(app, 'dist', 'app.k8s.yaml'), 'utf8')).toContain('kind: DaemonSet');
}, 60_000);
