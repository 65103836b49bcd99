import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHELL_NAMES } from '../support/shells';
import { Bench, needTools, type Result } from './bench';

needTools();

const ALL = ['paths', 'durable', 'journal', 'node', 'preflight', 'packages'];
/** Without modprobe, which the shell of Debian's busybox has built in. */
const PROGRAMS = ['rsync', 'iptables', 'fusermount3'];

describe.each(SHELL_NAMES)('missing host programs, under %s', (shell) => {
  let bench: Bench;
  let bin: string;
  beforeEach(() => {
    bench = new Bench(shell);
    bin = join(bench.directory, 'bin');
    mkdirSync(bin);
    // Nothing of this machine, which may have the programs and package managers.
    const busybox = spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).stdout.trim();
    const applets = spawnSync('busybox', ['--list'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
    for (const applet of applets) symlinkSync(busybox, join(bin, applet));
    for (const command of ['dash', 'bash', 'busybox']) {
      if (!existsSync(join(bin, command))) {
        const path = spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).stdout.trim();
        symlinkSync(path, join(bin, command));
      }
    }
  });
  afterEach(() => bench.dispose());

  const program = (name: string, script = ':') => {
    writeFileSync(join(bin, name), `#!${join(bin, 'sh')}\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  /** A package manager that tells what it was asked for, and installs it, but for what is left out. */
  const manager = (name: string, script = '', without: string[] = []) => {
    const made = PROGRAMS.filter((made) => !without.includes(made)).map((made) => `>'${bin}/${made}'`);
    const all = [...made, ...PROGRAMS.map((made) => `[ ! -f '${bin}/${made}' ] || chmod 755 '${bin}/${made}'`)].join(
      '\n',
    );
    program(
      name,
      `echo "${name} $* $\{NEEDRESTART_SUSPEND:-} $\{DEBIAN_FRONTEND:-}" >>'${bench.directory}/asked'\n${script}\n` +
        `case " $* " in *' install '*) ;; *) exit 0 ;; esac\n${all}`,
    );
  };
  const asked = () =>
    existsSync(join(bench.directory, 'asked'))
      ? readFileSync(join(bench.directory, 'asked'), 'utf8').trim().split('\n')
      : [];
  const check = (settings = ':'): Result =>
    bench.run(ALL, `INSTALL_PACKAGES=true DRY_RUN=false; ${settings}; check_programs; echo "warnings: $WARNINGS"`, {
      PATH: bin,
    });
  const status = () =>
    JSON.parse(readFileSync(join(bench.root, 'var/lib/cdk8s-sysbox/status.json'), 'utf8')) as Record<string, string>;

  test('are named and not installed unless the user allowed it', () => {
    manager('apt-get');
    program('rsync');
    expect(check('INSTALL_PACKAGES=false').status).toBe(1);
    expect(status()).toMatchObject({ stage: 'failed', reason: 'MissingPrograms' });
    expect(status().message).toBe(
      'the host lacks iptables fusermount: install what it comes with (Debian: apt-get install rsync kmod iptables fuse3), ' +
        'or allow that with the setting node.installPackages (INSTALL_PACKAGES)',
    );
    expect(asked()).toEqual([]);
  });

  test('are installed with apt-get, which removes nothing and lets nothing restart services', () => {
    manager('apt-get');
    manager('dnf');
    program('iptables');
    expect(check()).toMatchObject({ status: 0 });
    expect(asked()).toEqual([
      'apt-get --quiet update 1 noninteractive',
      'apt-get --quiet --yes --no-install-recommends --no-remove --option DPkg::Lock::Timeout=300 install rsync fuse3 1 noninteractive',
    ]);
  });

  test.each([
    ['dnf', 'dnf --quiet --assumeyes --setopt=install_weak_deps=False install rsync iptables fuse3'],
    ['zypper', 'zypper --quiet --non-interactive install --no-recommends rsync iptables fuse3'],
  ])('are installed with %s', (name, line) => {
    manager(name);
    expect(check()).toMatchObject({ status: 0 });
    expect(asked().map((one) => one.trim())).toEqual([line]);
  });

  test.each([
    ['rsync', 'rsync'],
    ['modprobe', 'kmod'],
    ['iptables', 'iptables'],
    ['fusermount', 'fuse3'],
  ])('%s comes with %s', (name, comesWith) => {
    expect(bench.output(ALL, `package_of ${name}`).trim()).toBe(comesWith);
  });

  test('nothing is asked for when nothing is missing', () => {
    manager('apt-get');
    PROGRAMS.forEach((name) => program(name));
    expect(check()).toMatchObject({ status: 0 });
    expect(asked()).toEqual([]);
  });

  test("a failed installation says the manager's last word", () => {
    manager('apt-get', 'case " $* " in *" install "*) echo "E: Unable to locate package fuse3"; exit 100 ;; esac');
    expect(check().status).toBe(1);
    expect(status()).toMatchObject({
      reason: 'PackagesNotInstalled',
      message:
        'the host lacks rsync iptables fusermount, and installing rsync iptables fuse3 failed: E: Unable to locate package fuse3',
    });
  });

  test('an installation without the program has failed', () => {
    manager('dnf', '', ['iptables']);
    expect(check().status).toBe(1);
    expect(status()).toMatchObject({
      reason: 'PackagesNotInstalled',
      message:
        'rsync iptables fuse3 were installed, and the host still lacks iptables: install what it comes with by hand',
    });
  });

  test('a host without a known package manager says so', () => {
    expect(check().status).toBe(1);
    expect(status().message).toContain('failed: this host has none of apt-get, dnf, zypper');
  });

  test('a dry run says what it would install', () => {
    manager('apt-get');
    const { status, stdout } = check('DRY_RUN=true');
    expect(status).toBe(0);
    expect(stdout).toContain('warnings: the host lacks rsync iptables fusermount: would install rsync iptables fuse3');
    expect(asked()).toEqual([]);
  });
});
