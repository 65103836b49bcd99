// A fake node: a root directory for the host programs, and stand-ins on the PATH that keep the state of systemd, K3s and
// containerd in a directory next to it.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeConfiguration, nodePrograms } from '../../src/installer/node-files';
import { PACKAGED_CRIO } from '../support/crio';

const BIN = join(__dirname, 'bin');
export const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** What K3s 1.36.2 renders by itself (test/merge). */
export const RENDERED = (name: string) => join(__dirname, '..', 'merge', 'fixtures', `${name}.toml`);

export interface NodeOptions {
  /** @default 'k3s' */
  readonly unit?: string;
  /** @default '/var/lib/rancher/k3s' */
  readonly dataDir?: string;
  /** Not K3s or RKE2: the engine with its own paths. */
  readonly engine?: keyof typeof ENGINES;
  /** @default 'server' */
  readonly role?: 'server' | 'agent';
  /** What K3s renders without a template. @default the fixture rendered-v3 */
  readonly base?: string;
  readonly settings?: Record<string, string>;
  /** The root is a filesystem of its own, which can be filled or made read-only. */
  readonly ownFilesystem?: boolean;
  /** Files that exist before the install, by path. */
  readonly foreign?: Record<string, string>;
}

export interface Status {
  readonly run: string;
  readonly stage: string;
  readonly action: string;
  readonly reason: string;
  readonly message: string;
  readonly warnings: string;
}

const SETTINGS = {
  SOURCE: 'image',
  BINARY_DIR: '/opt/sysbox/current',
  IMAGE_BINARIES: '/opt/sysbox/bin/generic',
  HANDLER: 'sysbox-runc',
  RUNTIME_TYPE: 'io.containerd.runc.v2',
  RUNTIME_CLASS: 'sysbox-runc',
  DEADLINE: '600',
  EXPECT_UNIT: '',
  TAKEOVER: '',
  DRY_RUN: 'false',
  INSTALL_PACKAGES: 'false',
};

/** What Calico's CNI plugin says of a sandbox without a pod (judged by test/cluster/calico.test.ts). */
export const CALICO_ERROR = 'pods "cdk8s-sysbox-check" not found';

/** Kernel limits of a node, below /proc/sys; the second is higher than what system pods need. */
export const LIMITS: Readonly<Record<string, string>> = {
  'fs/inotify/max_user_instances': '128',
  'vm/max_map_count': '1048576',
};

/** Engines without templates: paths and units as their own packages have them. */
const ENGINES = {
  containerd: {
    unit: 'containerd',
    config: '/etc/containerd/config.toml',
    dropIns: 'conf.d',
    bin: '/usr/bin',
    socket: '/run/containerd/containerd.sock',
  },
  k0s: {
    unit: 'k0sworker',
    config: '/etc/k0s/containerd.toml',
    dropIns: 'containerd.d',
    bin: '/var/lib/k0s/bin',
    socket: '/run/k0s/containerd.sock',
  },
  crio: {
    unit: 'crio',
    config: '/etc/crio/crio.conf',
    dropIns: 'crio.conf.d',
    bin: '/usr/bin',
    socket: '/var/run/crio/crio.sock',
  },
} as const;

export class FakeNode {
  public readonly directory: string;
  public readonly root: string;
  public readonly sys: string;
  public readonly dataDir: string;
  public readonly unit: string;
  private runs = 0;

  constructor(private readonly options: NodeOptions = {}) {
    this.directory = mkdtempSync(join(MEMORY, 'cdk8s-sysbox-faults-'));
    this.root = join(this.directory, 'root');
    this.sys = join(this.directory, 'sys');
    this.dataDir = options.dataDir ?? '/var/lib/rancher/k3s';
    this.unit = options.unit ?? (options.engine === undefined ? 'k3s' : ENGINES[options.engine].unit);
    mkdirSync(this.root);
    if (options.ownFilesystem) mount('-t', 'tmpfs', '-o', 'size=3m', 'cdk8s-sysbox-faults', this.root);
    // Next to the root: a full disk does not stop time and processes.
    mkdirSync(join(this.sys, 'proc'), { recursive: true });
    mkdirSync(join(this.sys, 'run'));
    for (const directory of ['proc', 'run']) symlinkSync(`../sys/${directory}`, join(this.root, directory));
    this.makeRoot();
    this.makeSystem();
    this.publish('one');
    this.publishRelease('aaaa');
    this.sh(
      'rm -f "$SYS/log"; . "$BIN/systemd.sh"; daemons_down; "$BIN/systemctl" daemon-reload; start_k3s; rm -f "$SYS/log"',
    );
  }

  public dispose(): void {
    if (this.options.ownFilesystem) spawnSync('umount', ['--lazy', this.root]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  // --- files ---

  public path(path: string): string {
    return join(this.root, path);
  }

  public write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), content);
    chmodSync(this.path(path), mode);
  }

  public read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  public exists(path: string): boolean {
    return existsSync(this.path(path));
  }

  public get configDir(): string {
    return dirname(this.config);
  }

  public get config(): string {
    const { engine } = this.options;
    return engine === undefined ? `${this.dataDir}/agent/etc/containerd/config.toml` : ENGINES[engine].config;
  }

  public readonly dropIn = (): string => {
    const { engine } = this.options;
    return join(
      this.configDir,
      engine === undefined ? 'config-v3.toml.d' : ENGINES[engine].dropIns,
      'cdk8s-sysbox.toml',
    );
  };

  /** Where the engine's programs are. */
  private get bin(): string {
    const { engine } = this.options;
    return engine === undefined ? `${this.dataDir}/data/abc/bin` : ENGINES[engine].bin;
  }

  private get socket(): string {
    const { engine } = this.options;
    return engine === undefined ? '/run/k3s/containerd/containerd.sock' : ENGINES[engine].socket;
  }

  /** What is known to be ours, without the fake root. */
  public owned(): string[] {
    const file = '/var/lib/cdk8s-sysbox/owned';
    if (!this.exists(file)) return [];
    return this.read(file)
      .split('\n')
      .filter(Boolean)
      .map((path) => path.slice(this.root.length));
  }

  public journal(key: string): string {
    const file = '/var/lib/cdk8s-sysbox/journal';
    if (!this.exists(file)) return '';
    return new RegExp(`^${key}=(.*)$`, 'm').exec(this.read(file))?.[1] ?? '';
  }

  public status(): Status {
    return JSON.parse(this.read('/var/lib/cdk8s-sysbox/status.json')) as Status;
  }

  // --- what the stand-ins know ---

  public flag(name: string, content: string | false = ''): void {
    if (content === false) rmSync(join(this.sys, name), { force: true });
    else writeFileSync(join(this.sys, name), content);
  }

  public known(name: string): string {
    const file = join(this.sys, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** How often K3s was started since the node was made. */
  public starts(): number {
    return this.known('log')
      .split('\n')
      .filter((line) => line.startsWith('start ')).length;
  }

  /** Seconds of the node's clock. */
  public uptime(): number {
    return Math.floor(Number(this.read('/proc/uptime').split(' ')[0]));
  }

  public k3sRuns(): boolean {
    return (
      this.known(`units/${this.unit}.service/active`).trim() === 'active' && existsSync(join(this.sys, 'containerd/up'))
    );
  }

  /** What the running containerd has read. */
  public loaded(): string {
    return this.known('containerd/loaded');
  }

  public hasRuntime(): boolean {
    return this.loaded().includes('runtimes.sysbox-runc]');
  }

  // --- acts ---

  /** Makes another content of the drop-in and the template: one more option of the runtime. */
  public otherRuntime(): (toml: string) => string {
    return (toml) => toml.replace(/^( *)runtime_type = .*$/m, '$&\n$1pod_annotations = [ "io.sysbox.*" ]');
  }

  /** A release of the programs with the given settings; the content is what a real one has. */
  public publish(name: string, settings: Record<string, string> = {}, edit = (toml: string) => toml): void {
    const programs = '/var/lib/cdk8s-sysbox/programs';
    const files = {
      ...nodePrograms(),
      ...nodeConfiguration({
        runtime: { handler: 'sysbox-runc', binaryPath: '/opt/sysbox/current/sysbox-runc' },
        binaryDir: '/opt/sysbox/current',
        managerArgs: settings.MANAGER_ARGS ?? '--disable-inner-image-preload',
        fsArgs: '',
      }),
      // As the coordinator writes it (pod/settings.sh).
      'settings.env': Object.entries({ ...SETTINGS, ...this.options.settings, ...settings })
        .map(([key, value]) => `${key}='${value}'\n`)
        .join(''),
    };
    for (const [file, content] of Object.entries(files)) {
      this.write(`${programs}/${name}/${file}`, file.includes('.toml') ? edit(content) : content);
    }
    rmSync(this.path(`${programs}/current`), { force: true });
    symlinkSync(name, this.path(`${programs}/current`));
  }

  /** Binaries as the coordinator copies them. `broken` ones: their daemons or their sandboxes do not start. */
  public publishRelease(release: string, broken?: 'daemons' | 'sandboxes'): void {
    this.release = release;
    if (this.options.settings?.DRY_RUN === 'true') return;
    this.run('directories');
    const directory = `/opt/sysbox/releases/${release}`;
    for (const binary of ['sysbox-runc', 'sysbox-mgr', 'sysbox-fs']) {
      const refused =
        broken === 'daemons' ? '--starts) exit 1 ;;' : broken === 'sandboxes' ? '--sandboxes) echo fail ;;' : '';
      const script = `#!/bin/dash\ncase $1 in ${refused} --version) printf 'sysbox-runc\\n\\tversion: \\t0.7.1\\n' ;; esac\n# ${release}\n`;
      this.write(`${directory}/${binary}`, script, 0o755);
    }
  }

  public release = 'aaaa';

  /** Called before every command of the host program. */
  public beforeRun?: (command: string) => void;

  /** How many rounds are made before the test gives up. */
  public patience = 8;

  public readonly env = (): NodeJS.ProcessEnv => ({
    PATH: `${this.shims}${BIN}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    SYSBOX_ROOT: this.root,
    SYS: this.sys,
    BIN,
    LC_ALL: 'C',
  });

  /** Programs that stand before those that change files, as a prefix of the PATH. */
  public shims = '';

  public sh(script: string, env: NodeJS.ProcessEnv = {}): { status: number | null; stdout: string; stderr: string } {
    return spawnSync('dash', ['-c', script], { encoding: 'utf8', env: { ...this.env(), ...env } });
  }

  /** One command of the host program, as the coordinator asks for it. Its run's name, when it came to its end. */
  public run(command: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): string {
    this.beforeRun?.([this.release, command, ...args].join(' '));
    const run = `${command}-${++this.runs}`;
    const line = ['--wait', join(BIN, 'run-unit'), command, run, this.release, ...args];
    spawnSync('setsid', line, { env: { ...this.env(), ...env }, stdio: 'ignore' });
    return run;
  }

  /** What the coordinator does, without slots and API: until verified, failed, or the action of a dry run. */
  public converge(env: NodeJS.ProcessEnv = {}): Status {
    let status: Status | undefined;
    for (let round = 0; round < this.patience; round++) {
      const run = this.run('prepare', [], env);
      this.settleTimers();
      status = this.statusOf(run);
      if (!status) continue;
      if (status.reason === 'DaemonsDead') {
        this.run('revive', [], env);
        continue;
      }
      if (status.stage === 'verified') {
        const verdict = this.verifyPod(env);
        if (verdict) return verdict;
        continue;
      }
      if (status.stage !== 'validated') return status;
      if (status.action === 'dry-run') return status;
      const acted = this.run(status.action === 'upgrade' ? 'switch' : 'commit', [], env);
      this.settleTimers();
      status = this.statusOf(acted);
      if (status?.stage === 'failed') return status;
      if (status?.stage === 'staged') {
        const verdict = this.verifyPod(env);
        if (verdict?.stage === 'failed') return verdict;
      }
      if (status?.stage === 'restarted') this.run('confirm', [], env);
    }
    throw new Error(`does not converge: ${JSON.stringify(status)}\n${this.known('host.log')}`);
  }

  /** The coordinator's verification pod, where one is due: it runs, unless the flag `pods-fail` is set. Nothing when the command was killed. */
  private verifyPod(env: NodeJS.ProcessEnv): Status | undefined {
    const due = this.journal('unproven') !== '' && this.journal('state') === 'verified';
    if (!due) return this.status();
    const fails = existsSync(join(this.sys, 'pods-fail'));
    const args = fails ? ['VerificationPodFailed', 'the pod ended with 1'] : [];
    return this.statusOf(this.run(fails ? 'abandon' : 'accept', args, env));
  }

  public statusOf(run: string): Status | undefined {
    if (!this.exists('/var/lib/cdk8s-sysbox/status.json')) return undefined;
    const status = this.status();
    return status.run === run ? status : undefined;
  }

  /** Waits until a dead-man that has fired is done. */
  public settleTimers(): void {
    const busy = () => readdirSync(join(this.sys, 'units')).some((unit) => /deadman.*\.service$/.test(unit));
    for (let i = 0; busy() && i < 2000; i++) spawnSync('/bin/sleep', ['0.01']);
  }

  /** Lets time pass, with what systemd and K3s do meanwhile. A dead-man at work has the time to itself, however busy this machine is. */
  public pass(seconds: number, step = 5): void {
    this.sh(`
      i=0
      while [ $i -lt ${seconds} ]; do
        sleep ${step}
        n=0
        while [ $n -lt 3000 ] && ls "$SYS/units" | grep -q 'deadman.*\\.service$'; do /bin/sleep 0.01; n=$((n + 1)); done
        i=$((i + ${step}))
      done`);
    this.settleTimers();
  }

  /** Somebody stops K3s. */
  public stopK3s(): void {
    this.sh('systemctl stop "$(cat "$SYS/k3s-unit")"', { SYSTEMD_IGNORE_CHROOT: '1' });
  }

  /** A kernel limit. */
  public limit(name: string): string {
    return this.read(`/proc/sys/${name}`).trim();
  }

  /** Somebody restarts K3s. */
  public foreignRestart(): void {
    this.sh('systemctl restart "$(cat "$SYS/k3s-unit")"', { SYSTEMD_IGNORE_CHROOT: '1' });
    this.pass(10);
  }

  /** Power loss and boot: transient units, processes and sockets are gone; systemd reads its files again. */
  public boot(): void {
    this.sh(
      `
      . "$BIN/systemd.sh"
      rm -rf "$UNITS"/cdk8s-sysbox* "$SYS"/run/* "$SYS/jobs" "$SYSBOX_ROOT/proc/100" "$SYS/containerd/up" "$SYS"/sandboxes/*
      daemons_down
      echo "5.00 0" >"$SYSBOX_ROOT/proc/uptime"
      echo "boot-$(($(cut -d- -f2 "$SYSBOX_ROOT/proc/sys/kernel/random/boot_id") + 1))" >"$SYSBOX_ROOT/proc/sys/kernel/random/boot_id"
      systemctl daemon-reload
      restart_k3s`,
      { SYSTEMD_IGNORE_CHROOT: '1' },
    );
    this.pass(10);
  }

  private makeRoot(): void {
    const base = this.base();
    this.write('/proc/1/comm', 'systemd\n');
    this.write('/proc/sys/kernel/random/boot_id', 'boot-1\n');
    this.write('/proc/sys/kernel/random/uuid', '00000000-0000-4000-8000-000000000000\n');
    this.write('/proc/sys/user/max_user_namespaces', '100\n');
    this.write('/proc/uptime', '1000.00 0\n');
    this.write('/proc/1/net/unix', '');
    for (const [limit, value] of Object.entries(LIMITS)) this.write(`/proc/sys/${limit}`, `${value}\n`);
    mkdirSync(this.path('/proc/1/ns'));
    for (const kind of ['pid', 'user', 'mnt']) symlinkSync(`${kind}:[host]`, this.path(`/proc/1/ns/${kind}`));
    this.write('/sys/fs/cgroup/cgroup.controllers', 'cpu\n');
    this.write('/dev/fuse', '');
    this.write('/etc/sysctl.d/10-theirs.conf', 'kernel.panic = 10\n');
    this.write('/etc/subuid', '# theirs\nbob:165536:65536\n');
    this.write(`/etc/systemd/system/${this.unit}.service`, '[Service]\n');
    for (const directory of ['/etc/modules-load.d', '/opt', '/var/lib'])
      mkdirSync(this.path(directory), { recursive: true });
    if (this.options.engine === 'crio') this.write('/etc/crio/crio.conf.d/10-crio.conf', PACKAGED_CRIO);
    else this.write(this.config, readFileSync(base, 'utf8'));
    const { bin } = this;
    mkdirSync(this.path(bin), { recursive: true });
    // Copies, since the programs of a node are its root's alone.
    for (const program of ['containerd', 'containerd.awk', 'crio', 'crio.awk', 'crictl', 'kubectl']) {
      copyFileSync(join(BIN, program), this.path(`${bin}/${program}`));
    }
    if (this.options.engine === undefined) this.makeDataDir();
    else this.makeKubelet();
    for (const [path, content] of Object.entries(this.options.foreign ?? {})) this.write(path, content);
  }

  private makeDataDir(): void {
    mkdirSync(this.path(`${this.dataDir}/agent/containerd`), { recursive: true });
    if (this.dataDir.endsWith('rke2')) symlinkSync('data/abc/bin', this.path(`${this.dataDir}/bin`));
    else symlinkSync('abc', this.path(`${this.dataDir}/data/current`));
  }

  /** A process of its own, which says where containerd's socket is; and crictl, which comes with kubeadm. */
  private makeKubelet(): void {
    rmSync(this.path(`${this.bin}/crictl`));
    mkdirSync(this.path('/usr/local/bin'), { recursive: true });
    copyFileSync(join(BIN, 'crictl'), this.path('/usr/local/bin/crictl'));
    this.write('/proc/90/comm', 'kubelet\n');
    this.write('/proc/90/status', 'Name:\tkubelet\nUid:\t0\t0\t0\t0\n');
    this.write('/proc/90/cmdline', ['kubelet', `--container-runtime-endpoint=unix://${this.socket}`, ''].join('\0'));
    mkdirSync(this.path('/proc/90/ns'));
    for (const kind of ['pid', 'user', 'mnt']) symlinkSync(`${kind}:[host]`, this.path(`/proc/90/ns/${kind}`));
  }

  private makeSystem(): void {
    for (const directory of ['units', 'sandboxes', 'containerd', 'process', 'foreign', 'loaded']) {
      mkdirSync(join(this.sys, directory), { recursive: true });
    }
    const unit = `${this.unit}.service`;
    this.flag('k3s-unit', unit);
    this.flag('data-dir', this.dataDir);
    this.flag('role', this.options.role ?? 'server');
    this.flag('base', this.base());
    const daemon = this.options.engine === 'crio' ? 'crio' : 'containerd';
    if (daemon === 'crio') this.flag('is-crio');
    this.flag('process/comm', `${daemon}\n`);
    this.flag('process/cgroup', `0::/system.slice/${unit}\n`);
    this.flag('process/status', 'Name:\tdaemon\nUid:\t0\t0\t0\t0\n');
    mkdirSync(join(this.sys, 'process/ns'));
    for (const kind of ['pid', 'user', 'mnt']) symlinkSync(`${kind}:[host]`, join(this.sys, `process/ns/${kind}`));
    const { engine } = this.options;
    // The others are started with the file that their owner wrote.
    if (engine === undefined || engine === 'k0s') this.flag('renders');
    this.flag('socket', this.socket);
    this.flag('config', this.config);
    this.flag('log-of-containerd', engine === undefined ? `${this.dataDir}/agent/containerd/containerd.log` : '');
    // K3s and k0s start containerd; elsewhere it is the main process of its unit.
    this.flag('main-pid', engine === undefined || engine === 'k0s' ? '99' : '100');
    const line = {
      k3s: ['containerd', '-c', this.config, '-a', this.socket],
      containerd: ['/usr/bin/containerd'],
      crio: ['/usr/bin/crio'],
      k0s: ['containerd', '--root=/var/lib/k0s/containerd', `--address=${this.socket}`, `--config=${this.config}`],
    }[engine ?? 'k3s'];
    this.flag('process/cmdline', [...line, ''].join('\0'));
    symlinkSync(`${this.bin}/${daemon}`, join(this.sys, 'process/exe'));
    mkdirSync(join(this.sys, 'units', unit));
    this.flag(`units/${unit}/invocation`, '100');
    this.flag(`units/${unit}/nrestarts`, '0');
    this.flag(`units/${unit}/active`, 'active');
    if (this.options.role === 'agent') {
      const servers = '{"ServerURL":"https://10.0.0.1:6443","ServerAddresses":["10.0.0.1:6443"]}';
      this.write(`${this.dataDir}/agent/etc/k3s-agent-load-balancer.json`, servers);
    }
  }

  private base(): string {
    const base = this.options.base ?? RENDERED('rendered-v3');
    const { engine } = this.options;
    if (engine === undefined && this.dataDir === '/var/lib/rancher/k3s') return base;
    // Next to the fake root, since the stand-in for the engine reads it at every start.
    const renamed = join(this.directory, 'base.toml');
    const text = readFileSync(base, 'utf8');
    writeFileSync(
      renamed,
      engine === undefined
        ? text.replaceAll('/var/lib/rancher/k3s', this.dataDir)
        : text
            .replace(/^imports = .*$/m, `imports = ["${dirname(this.dropIn())}/*.toml"]`)
            .replaceAll('/run/k3s/containerd/containerd.sock', this.socket),
    );
    return renamed;
  }
}

function mount(...args: string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`a filesystem of its own needs root's rights (sudo): mount ${args.join(' ')}: ${stderr}`);
}
