// The stand-in for containerd against the real one, where `npm run test:merge` has left that in its cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RENDERED } from './world';

const CACHE = join(process.env.CDK8S_SYSBOX_CACHE ?? '/var/cache/cdk8s-sysbox', 'containerd', 'v2.3.2-k3s2');
const REAL = join(CACHE, 'containerd');
const STAND_IN = join(__dirname, 'bin', 'containerd');

const entry = (version: number, plugin: string, extra = '') => `version = ${version}
[plugins.'${plugin}'.containerd.runtimes.sysbox-runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins.'${plugin}'.containerd.runtimes.sysbox-runc.options]
  BinaryName = "/opt/sysbox/current/sysbox-runc"
  SystemdCgroup = true
${extra}`;
const V2 = 'io.containerd.grpc.v1.cri';
const V3 = 'io.containerd.cri.v1.runtime';

const CASES: [string, string, string][] = [
  ['nothing', 'rendered-v3', '# nothing\n'],
  ['ours', 'rendered-v3', entry(3, V3)],
  ['ours next to nvidia', 'rendered-v3-nvidia', entry(3, V3)],
  ['ours under version 2', 'rendered-v2', entry(2, V2)],
  ['a version above the root', 'rendered-v3', entry(4, V3)],
  ['version 3 under version 2', 'rendered-v2', entry(3, V3)],
  ['no version', 'rendered-v3', entry(3, V3).replace(/^version.*\n/, '')],
  ['a table twice', 'rendered-v3', entry(3, V3) + entry(3, V3).replace(/^version.*\n/, '')],
  ['an undecided cgroup driver', 'rendered-v3', entry(3, V3).replace('= true', '= @SYSTEMD_CGROUP@')],
  ['a template in a drop-in', 'rendered-v3', '{{ template "base" . }}\n'],
  ['a runtime_type that is a number', 'rendered-v3', entry(3, V3).replace('"io.containerd.runc.v2"', '2')],
  [
    'runc declared again',
    'rendered-v3',
    entry(3, V3, `[plugins.'${V3}'.containerd.runtimes.runc]\n  snapshotter = "x"\n`),
  ],
];

/** The runtimes of a dump: table to its lines. */
function runtimes(dump: string): Record<string, string[]> {
  const tables: Record<string, string[]> = {};
  let table: string[] | undefined;
  for (const line of dump.split('\n').map((text) => text.trim())) {
    const name = /^\[plugins\.'io\.containerd\.cri\.v1\.runtime'\.containerd\.runtimes\.(.*)\]$/.exec(line)?.[1];
    if (name !== undefined) table = tables[name.replaceAll("'", '')] = [];
    else if (line.startsWith('[')) table = undefined;
    else if (line !== '') table?.push(line);
  }
  return tables;
}

(existsSync(REAL) ? describe : describe.skip)('like the real containerd, the stand-in', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-stand-in-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each(CASES)('reads %s', (_, root, dropIn) => {
    mkdirSync(join(directory, 'imports'), { recursive: true });
    writeFileSync(join(directory, 'imports', 'drop-in.toml'), dropIn);
    const imports = `imports = ["${directory}/imports/*.toml"]`;
    const config = join(directory, 'config.toml');
    writeFileSync(config, readFileSync(RENDERED(root), 'utf8').replace(/^imports = .*$/m, imports));

    const dump = (program: string) =>
      spawnSync(program, ['-c', config, 'config', 'dump'], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, SYSBOX_ROOT: directory, SYS: directory },
      });
    const real = dump(REAL);
    const ours = dump(STAND_IN);
    expect(ours.status).toBe(real.status);
    if (real.status !== 0) return;
    const expected = runtimes(real.stdout);
    const found = runtimes(ours.stdout);
    expect(Object.keys(found).sort()).toEqual(
      Object.keys(expected)
        .filter((name) => found[name] || !name.endsWith('.options'))
        .sort(),
    );
    for (const [name, lines] of Object.entries(found)) expect(expected[name]).toEqual(expect.arrayContaining(lines));
  });
});
