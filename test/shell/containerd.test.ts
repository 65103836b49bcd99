import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHELL_NAMES } from '../support/shells';
import { Bench, needTools } from './bench';

needTools();

const ALL = ['paths', 'durable', 'journal', 'node', 'configuration', 'containerd'];
const RENDERED = (name: string) => join(__dirname, '..', 'merge', 'fixtures', `${name}.toml`);
const DUMP = (version: string) => join(__dirname, 'fixtures', `dump-${version}.toml`);
const DIR = '/var/lib/rancher/k3s/agent/etc/containerd';

describe.each(SHELL_NAMES)('under %s', (shell) => {
  let bench: Bench;
  beforeEach(() => void (bench = new Bench(shell)));
  afterEach(() => bench.dispose());

  test.each([
    ['rendered-v2', '2', `${DIR}/config.toml.d`],
    ['rendered-v2-nvidia', '2', `${DIR}/config.toml.d`],
    ['rendered-v3', '3', `${DIR}/config-v3.toml.d`],
    ['rendered-v3-nvidia', '3', `${DIR}/config-v3.toml.d`],
  ])('%s has version %s and imports %s', (name, version, directory) => {
    const said = bench.output(ALL, `load_engine k3s; CONFIG='${RENDERED(name)}'; root_version; engine_drop_ins`);
    expect(said).toBe(`${version}\n${directory}\n`);
  });

  test('a configuration without the line imports nothing', () => {
    const config = join(bench.directory, 'config.toml');
    writeFileSync(config, readFileSync(RENDERED('rendered-v3'), 'utf8').replace(/^imports.*\n/m, ''));
    expect(bench.output(ALL, `load_engine k3s; CONFIG='${config}'; engine_drop_ins`)).toBe('');
  });

  describe.each(['v2.2.2-k3s1', 'v2.3.2-k3s2'])('of the dump of containerd %s', (version) => {
    const dumped = (name: string) =>
      bench
        .output(ALL, `engine_table '${DUMP(version)}' ${name}`)
        .split('\n')
        .filter(Boolean);

    test('the runtime and its options are read apart', () => {
      expect(dumped('sysbox-runc')).toContain("runtime_type = 'io.containerd.runc.v2'");
      expect(dumped('sysbox-runc').join()).not.toContain('BinaryName');
      expect(dumped('sysbox-runc.options')).toEqual(
        expect.arrayContaining(["BinaryName = '/opt/sysbox/current/sysbox-runc'", 'SystemdCgroup = true']),
      );
    });

    test('runc is not sysbox-runc', () => {
      expect(dumped('runc.options')).toContain("BinaryName = ''");
      expect(dumped('runc.options')).toContain('SystemdCgroup = true');
      expect(dumped('nvidia.options')).toContain("BinaryName = '/usr/bin/nvidia-container-runtime'");
    });

    test('an unknown runtime has no lines', () => expect(dumped('kata')).toEqual([]));
  });

  test('trial leaves our drop-in and the end of our template out, and imports copies', () => {
    const directory = join(bench.root, DIR, 'config-v3.toml.d');
    mkdirSync(directory, { recursive: true });
    const config = join(bench.root, DIR, 'config.toml');
    copyFileSync(RENDERED('rendered-v3'), config);
    writeFileSync(join(directory, 'cdk8s-sysbox.toml'), 'ours');
    writeFileSync(join(directory, 'theirs.toml'), 'theirs');
    const ours = `${readFileSync(config, 'utf8')}\n# Written by cdk8s-sysbox: x\n[ours]\n`;
    writeFileSync(config, ours);
    bench.output(ALL, `load_engine k3s; CONFIG='${config}'; make_work; engine_trial`);
    const work = join(bench.root, 'run/cdk8s-sysbox');
    const trial = readFileSync(join(work, 'trial.toml'), 'utf8');
    expect(trial).toContain(`imports = ["${work}/imports/*.toml"]`);
    expect(trial).not.toContain('[ours]');
    expect(readFileSync(join(work, 'imports/theirs.toml'), 'utf8')).toBe('theirs');
    expect(() => readFileSync(join(work, 'imports/cdk8s-sysbox.toml'))).toThrow();
  });

  // As `containerd config default` writes it, which is what a kubeadm node has: single quotes.
  test('trial imports the copies also where the configuration has single quotes', () => {
    const config = join(bench.root, 'config.toml');
    writeFileSync(config, "version = 4\nimports = ['/etc/containerd/conf.d/*.toml', '/etc/other/*.toml']\n");
    bench.output(ALL, `load_engine containerd; CONFIG='${config}'; make_work; engine_trial`);
    const work = join(bench.root, 'run/cdk8s-sysbox');
    expect(readFileSync(join(work, 'trial.toml'), 'utf8')).toBe(
      `version = 4\nimports = ['${work}/imports/*.toml', '/etc/other/*.toml']\n`,
    );
  });
});
