import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHELL_NAMES } from '../support/shells';
import { Bench, needTools } from './bench';

needTools();

const ALL = ['paths', 'durable', 'journal', 'node', 'configuration', 'daemons', 'commit'];

/** In the form that CRI-O 1.36 prints. */
const CRIO_CONFIG = `[crio.runtime]

# cgroup_manager = "systemd"
log_level = "info"

# [crio.runtime.runtimes.runtime-handler]
# runtime_path = "/path/to/the/executable"

[crio.runtime.runtimes.crun]
runtime_path = ""

[crio.runtime.runtimes.sysbox-runc]
runtime_path = "/opt/sysbox/current/sysbox-runc"
runtime_type = "oci"

allowed_annotations = [
\t"io.kubernetes.cri-o.userns-mode",
]

# The workloads table defines ways to customize containers with different resources
`;

describe.each(SHELL_NAMES)('under %s', (shell) => {
  let bench: Bench;
  beforeEach(() => void (bench = new Bench(shell)));
  afterEach(() => bench.dispose());

  const write = (path: string, content: string) => {
    mkdirSync(join(bench.root, path, '..'), { recursive: true });
    writeFileSync(join(bench.root, path), content);
  };
  const process = (pid: number, comm: string, args: string[]) => {
    write(`proc/${pid}/comm`, `${comm}\n`);
    write(`proc/${pid}/status`, 'Uid:\t0\t0\t0\t0\n');
    write(`proc/${pid}/cgroup`, '0::/system.slice/containerd.service\n');
    write(`proc/${pid}/cmdline`, [...args, ''].join('\0'));
    mkdirSync(join(bench.root, `proc/${pid}/ns`), { recursive: true });
    for (const kind of ['pid', 'user', 'mnt']) symlinkSync('same', join(bench.root, `proc/${pid}/ns/${kind}`));
    symlinkSync('/usr/bin/containerd', join(bench.root, `proc/${pid}/exe`));
  };

  test.each([
    ['--config', ['x', '--config', '/a b.toml'], '/a b.toml'],
    ['--config', ['x', '--config=/a.toml', '--log-level=info'], '/a.toml'],
    ['-c', ['x', '--config=/a.toml'], ''],
  ])('reads the flag %s of %p', (flag, args, value) => {
    process(7, 'x', args);
    expect(bench.output(ALL, `argument "$ROOT/proc/7" ${flag}`).trim()).toBe(value);
  });

  test.each([
    ['one directory', 'imports = ["/etc/containerd/conf.d/*.toml"]\n', '/etc/containerd/conf.d'],
    [
      'the first of several, over several lines',
      "imports = [\n  '/etc/one.toml',\n  '/a b/conf.d/*.toml',\n  '/c/*.toml',\n]\n",
      '/a b/conf.d',
    ],
    ['none', 'imports = []\n', ''],
    ['no line at all', '[grpc]\n  address = "/x/*.toml"\n', ''],
  ])('a plain containerd imports %s', (_, lines, directory) => {
    write('config.toml', `version = 3\n${lines}\n[plugins."io.containerd.cri.v1.runtime"]\n`);
    expect(bench.output(ALL, 'load_engine containerd; CONFIG=$ROOT/config.toml; engine_drop_ins').trim()).toBe(
      directory,
    );
  });

  test.each([
    ['its default', [], '', '/run/containerd/containerd.sock'],
    ['the flag', ['--container-runtime-endpoint', 'unix:///var/run/x.sock'], '', '/run/x.sock'],
    [
      'its configuration',
      ['--config=/kubelet.yaml'],
      "containerRuntimeEndpoint: 'unix:///run/y.sock'\n",
      '/run/y.sock',
    ],
    ['a path without a scheme', ['--container-runtime-endpoint=/run/z.sock'], '', '/run/z.sock'],
  ])("the kubelet's socket is that of %s", (_, args, yaml, socket) => {
    process(1, 'systemd', []);
    write('kubelet.yaml', yaml);
    process(90, 'kubelet', ['kubelet', ...args]);
    expect(bench.output(ALL, 'load_engine containerd; kubelet_socket').trim()).toBe(socket);
  });

  test.each([
    ['flags', ['--address', '/run/a.sock', '-c', '/etc/other.toml'], '', '/etc/other.toml /run/a.sock'],
    [
      'its configuration',
      [],
      '[grpc]\n  address = "/run/b.sock"\n[ttrpc]\n  address = "/run/c.sock"\n',
      '/etc/containerd/config.toml /run/b.sock',
    ],
    [
      'its defaults',
      [],
      '[ttrpc]\n  address = "/run/c.sock"\n',
      '/etc/containerd/config.toml /run/containerd/containerd.sock',
    ],
  ])('a plain containerd is where %s say', (_, args, config, found) => {
    write('etc/containerd/config.toml', config);
    process(90, 'containerd', ['/usr/bin/containerd', ...args]);
    const said = bench.output(
      ALL,
      'load_engine containerd; engine_inspect "$ROOT/proc/90"; echo "$CONFIG_PATH $ADDRESS $BIN"',
    );
    expect(said.trim()).toBe(`${found} /usr/bin`);
  });

  test.each([
    [
      'flags',
      ['-c', '/etc/other.conf', '--config-dir=/etc/other.d', '--listen', '/run/a.sock'],
      '/etc/other.conf /etc/other.d /run/a.sock',
    ],
    ['the last of its files', [], '/etc/crio/crio.conf /etc/crio/crio.conf.d /run/b.sock'],
  ])('CRI-O is where %s say', (_, args, found) => {
    write('etc/crio/crio.conf', '[crio.api]\nlisten = "/run/c.sock"\n');
    write('etc/crio/crio.conf.d/10-crio.conf', '[crio.api]\nlisten = "/run/b.sock"\n');
    process(90, 'crio', ['/usr/bin/crio', ...args]);
    const said = bench.output(
      ALL,
      'load_engine crio; engine_inspect "$ROOT/proc/90"; echo "$CONFIG_PATH $DROP_INS $ADDRESS $BIN"',
    );
    expect(said.trim()).toBe(`${found} /usr/bin`);
  });

  test('CRI-O without files listens where it does by default', () => {
    process(90, 'crio', ['/usr/bin/crio']);
    const said = bench.output(ALL, 'load_engine crio; engine_inspect "$ROOT/proc/90"; echo "$ADDRESS"');
    expect(said.trim()).toBe('/var/run/crio/crio.sock');
  });

  test('of what `crio config` prints, a table is read without its comments, and a list on one line', () => {
    write('dump', CRIO_CONFIG);
    const table = (name: string) => bench.output(ALL, `load_engine crio; engine_table "$ROOT/dump" ${name}`);
    expect(table('sysbox-runc')).toBe(
      'allowed_annotations = ["io.kubernetes.cri-o.userns-mode"]\nruntime_path = "/opt/sysbox/current/sysbox-runc"\nruntime_type = "oci"\n',
    );
    expect(table('kata')).toBe('');
    const others = bench.output(ALL, 'load_engine crio; HANDLER=sysbox-runc; engine_others "$ROOT/dump"');
    expect(others).not.toContain('userns-mode');
    expect(others).toContain('[crio.runtime.runtimes.crun]');
    expect(others).toContain('log_level = "info"');
    expect(bench.output(ALL, 'load_engine crio; engine_systemd_cgroup "$ROOT/dump"').trim()).toBe('true');
  });

  test('a file that is being written never lies in a directory of which every file is read', () => {
    const crio =
      'load_engine crio; BIN=/usr/bin CONFIG_PATH=/etc/crio/crio.conf DROP_INS=/etc/crio/crio.conf.d; locate';
    const half = (path: string) => bench.output(ALL, `${crio}; name_half "$ROOT${path}" .new; echo "$HALF"`).trim();
    write('etc/crio/crio.conf.d/10-crio.conf', '');
    expect(half('/etc/crio/crio.conf.d/x.toml')).toBe(join(bench.root, 'etc/crio/x.toml.new'));
    expect(half('/etc/other/x.toml')).toBe(join(bench.root, 'etc/other/x.toml.new'));
    const said = bench.output(
      ALL,
      `${crio}; mv() { ls "$ROOT/etc/crio/crio.conf.d"; command mv "$@"; }; echo new | write_file "$ROOT/etc/crio/crio.conf.d/x.toml"; ls "$ROOT/etc/crio" "$ROOT/etc/crio/crio.conf.d"`,
    );
    expect(said.replaceAll(bench.root, '')).toBe(
      '10-crio.conf\n/etc/crio:\ncrio.conf.d\n\n/etc/crio/crio.conf.d:\n10-crio.conf\nx.toml\n',
    );
  });

  test('an engine that is read after another has nothing of it', () => {
    const of = (...engines: string[]) =>
      bench.output(
        ALL,
        `${engines.map((engine) => `load_engine ${engine}`).join('; ')}; echo "$ENGINE_NAME $ENGINE_DAEMON $ENGINE_VERSION $WHOLE_DIRECTORY"; type engine_dump | tail -n +2`,
      );
    expect(of('crio', 'k3s')).toBe(of('k3s'));
    expect(of('crio', 'k0s')).toBe(of('k0s'));
  });

  test('a path is written in one way, whichever link leads to it', () => {
    bench.output(ALL, 'mkdir -p "$ROOT/mnt/d/x"; ln -s mnt/d "$ROOT/link"');
    const path = (name: string) => bench.output(ALL, `canonical "$ROOT/${name}"`).trim();
    expect(path('link/x/new.toml')).toBe(join(bench.root, 'mnt/d/x/new.toml'));
    expect(path('mnt/d/x/new.toml')).toBe(join(bench.root, 'mnt/d/x/new.toml'));
    expect(path('link/missing/new.toml')).toContain('/missing/new.toml');
  });

  test('nothing waits for every mount of the host', () => {
    const said = bench.output(
      ALL,
      'sync() { echo "sync $#"; return 1; }; : >"$ROOT/file"; flush "$ROOT/file"; flush "$ROOT" || echo refused',
    );
    expect(said).toBe('sync 1\nsync 1\n');
  });
});
