import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, needTools, SHELLS } from './shells';

beforeAll(() => needTools());

const ALL = ['paths', 'durable', 'journal', 'node', 'containerd', 'daemons', 'commit'];

describe.each(Object.keys(SHELLS))('under %s', (shell) => {
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
