// The stand-ins for containerd and CRI-O against the real ones, where `npm run test:merge` has left those in its cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RENDERED } from './world';

const CACHE = process.env.CDK8S_SYSBOX_CACHE ?? '/var/cache/cdk8s-sysbox';
const REAL = join(CACHE, 'containerd', 'v2.3.2-k3s2', 'containerd');
const STAND_IN = join(__dirname, 'bin', 'containerd');
const REAL_CRIO = join(CACHE, 'crio', 'v1.36.3', 'crio');

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

const CRUN = '[crio.runtime.runtimes.crun]\nruntime_path = "/usr/libexec/crio/crun"\nruntime_root = "/run/crun"\n';
const OURS = `[crio.runtime.runtimes.sysbox-runc]
runtime_type = "oci"
runtime_path = "/opt/sysbox/current/sysbox-runc"
allowed_annotations = [ "io.kubernetes.cri-o.userns-mode" ]
`;

/** Directory of drop-ins: file name to content. */
const CRIO_CASES: [string, Record<string, string>][] = [
  ['nothing', {}],
  ['ours', { 'ours.toml': OURS }],
  ['ours next to its packages', { '10-crio.conf': CRUN, 'ours.toml': OURS }],
  ['a table that a later file replaces', { '10': CRUN, '20': '[crio.runtime.runtimes.crun]\nmonitor_path = "/c"\n' }],
  ['a list over several lines', { a: `${CRUN}allowed_annotations = [\n  "io.containers.trace-syscall",\n]\n` }],
  ['cgroupfs', { a: '[crio.runtime]\ncgroup_manager = "cgroupfs"\nconmon_cgroup = "pod"\n' }],
  ['a file of any name', { '.ours.toml.cdk8s-sysbox-new': OURS }],
  ['half a file', { 'ours.toml': '[crio.runtime.runtimes.sysbox-runc]\nruntime_type = "o' }],
  ['a table twice', { 'ours.toml': OURS + OURS }],
  ['a value of another type', { 'ours.toml': OURS.replace('"oci"', '5') }],
];

/** The lines of each runtime, and of the cgroup manager, in a comment or not. */
function crioTables(output: string): Record<string, string[]> {
  const tables: Record<string, string[]> = {};
  let table: string[] | undefined;
  for (const line of output.split('\n')) {
    if (/^(# )?cgroup_manager = /.test(line)) tables[line] = [];
    const name = /^(# )?\[crio\.runtime\.runtimes\.(?!runtime-handler)(.*)\]$/.exec(line);
    if (name) table = tables[name[0]] = [];
    else if (/^(# )?\[/.test(line)) table = undefined;
    else if (/^(# )?(\t"|\]|(runtime_(path|type|root)|monitor_path|monitor_env|allowed_annotations) = )/.test(line))
      table?.push(line);
  }
  return tables;
}

(existsSync(REAL_CRIO) ? describe : describe.skip)('like the real CRI-O, the stand-in', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-stand-in-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each(CRIO_CASES)('reads %s', (name, files) => {
    const dropIns = join(directory, name, 'crio.conf.d');
    mkdirSync(dropIns, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(dropIns, file), text);
    const config = (program: string) =>
      spawnSync(program, ['--config', '', '--config-dir', dropIns, 'config'], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, SYS: directory },
      });
    const real = config(REAL_CRIO);
    const ours = config(join(__dirname, 'bin', 'crio'));
    expect(ours.status).toBe(real.status);
    if (real.status === 0) expect(crioTables(ours.stdout)).toEqual(crioTables(real.stdout));
  });
});
