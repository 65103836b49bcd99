// A pod of a K3sCluster's servers, as its manifest says, but run by this machine alone: its own processes, files and
// network, no kubelet and no user namespace. What it mounts from a claim outlives it, its address does not.
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest } from '../../support/synth';
import { run, type Result, sleep } from './host';
import { type PodNetwork } from './podNetwork';
import { waitFor } from './wait';

export interface ServerPodOptions {
  readonly name: string;
  readonly folder: string;
  readonly network: PodNetwork;
  /** The binary of K3s. */
  readonly k3s: string;
  /** Files of volumes that are the same for all pods, by the name of the volume. */
  readonly volumes: Record<string, string>;
}

/** Makes a root like this machine's, in which nothing that is written reaches the machine, and becomes $@ in it. */
const enter = `set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$ROOT"
mkdir "$ROOT/upper" "$ROOT/work" "$ROOT/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$ROOT/upper,workdir=$ROOT/work" "$ROOT/root"
cd "$ROOT/root"
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
while read -r from to; do
  if [ -d "$from" ]; then mkdir -p ".$to"; else : >".$to"; fi
  mount --bind "$from" ".$to"
done <"$MOUNTS"
exec chroot . "$@"
`;

export class ServerPod {
  readonly name: string;
  address = '';
  private process?: ChildProcess;
  private container?: Manifest;

  constructor(private readonly options: ServerPodOptions) {
    this.name = options.name;
    mkdirSync(this.path('root'), { recursive: true });
    writeFileSync(this.path('hosts'), '');
  }

  path = (name: string) => join(this.options.folder, this.name, name);

  /** Starts a pod from this template, at another address than before. */
  async start(template: Manifest, address: string): Promise<void> {
    const { network, k3s } = this.options;
    this.container = template.spec.containers.find((it: Manifest) => it.name === 'k3s') as Manifest;
    this.address = address;
    writeFileSync(this.path('mounts'), [...this.mounts(), `${k3s} /bin/k3s`].join('\n') + '\n');
    await network.attach(this.name, address);
    appendFileSync(this.path('log'), `\n### ${this.name} starts at ${address}\n`);
    const log = openSync(this.path('log'), 'a');
    const command = [...this.container.command, ...this.container.args].map((word: string) => this.filledIn(word));
    const inside = ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', enter, 'enter', ...command];
    this.process = spawn('ip', ['netns', 'exec', network.namespace(this.name), ...inside], {
      env: { ...this.environment(), ROOT: this.path('root'), MOUNTS: this.path('mounts') },
      stdio: ['ignore', log, log],
    });
  }

  get running(): boolean {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** What other names mean in this pod. */
  knows(addresses: Record<string, string[]>): void {
    const lines = Object.entries(addresses).flatMap(([name, all]) => all.filter(Boolean).map((it) => `${it} ${name}`));
    writeFileSync(this.path('hosts'), ['127.0.0.1 localhost', `${this.address} ${this.name}`, ...lines, ''].join('\n'));
  }

  /** Runs a command in the container, as an exec probe does. */
  async exec(...command: string[]): Promise<Result> {
    const into = ['nsenter', '-t', await this.firstProcess(), '-m', '-n', '-p', '-r', '-w', ...command];
    return run(into, { env: this.environment(), timeoutMs: 60_000 });
  }

  /** Asks the startup probe until it succeeds; a container that ended is started again, as by the kubelet. */
  async started(template: Manifest, timeoutMs = 180_000): Promise<void> {
    await waitFor(`${this.name} started`, { timeoutMs, everyMs: 2_000 }, async (last) => {
      if (!this.running) {
        await this.start(template, this.address);
        throw new Error('ended, and started again');
      }
      const { code, stdout, stderr } = await this.exec(...this.container!.startupProbe.exec.command);
      appendFileSync(this.path('log'), `### startup probe: ${code} ${stdout}${stderr}\n`);
      last(stdout + stderr);
      return code === 0;
    });
  }

  ready = async () => (await this.exec(...this.container!.readinessProbe.exec.command)).code === 0;

  /** kubectl inside, as the admin. */
  async kubectl(...args: string[]): Promise<string> {
    const kubeconfig = '/var/lib/rancher/k3s/server/cred/admin.kubeconfig';
    const { code, stdout, stderr } = await this.exec('k3s', 'kubectl', '--kubeconfig', kubeconfig, ...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} in ${this.name}: ${stderr}`);
    return stdout;
  }

  /** Ends the pod: with the signal of the kubelet first, or at once. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.running) return;
    await run(['kill', signal === 'SIGTERM' ? '-TERM' : '-KILL', await this.firstProcess()]);
    for (let i = 0; i < 300 && this.running; i++) await sleep(100);
    if (this.running) throw new Error(`${this.name} runs 30 s after ${signal}`);
    await this.options.network.detach(this.name);
  }

  /** The claim is lost, and a new one is empty. */
  loseClaim(): void {
    rmSync(this.path('claim'), { recursive: true });
  }

  log = () => readFileSync(this.path('log'), 'utf8');

  private async firstProcess(): Promise<string> {
    const { stdout } = await run(['ps', '-o', 'pid=', '--ppid', `${this.process?.pid}`]);
    if (stdout.trim() === '') throw new Error(`${this.name} does not run`);
    return stdout.trim();
  }

  private mounts(): string[] {
    const own = this.container!.volumeMounts.map(({ name, mountPath, subPath = '' }: Manifest) => {
      const shared = this.options.volumes[name];
      const from = shared ?? join(this.path(name === 'data' ? 'claim' : name), subPath);
      mkdirSync(from, { recursive: true });
      return `${from} ${mountPath}`;
    });
    // what the binary unpacks is always the same, and not what this is about
    const unpacked = join(this.options.folder, 'unpacked');
    mkdirSync(unpacked, { recursive: true });
    return [...own, `${unpacked} /var/lib/rancher/k3s/data`, `${this.path('hosts')} /etc/hosts`];
  }

  private environment(): Record<string, string> {
    const variables: Record<string, string> = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' };
    for (const { name, value, valueFrom } of this.container!.env) {
      const field = valueFrom?.fieldRef ? this.name : valueFrom?.resourceFieldRef ? `${2 ** 50}` : undefined;
      variables[name] = field ?? this.filledIn(value, variables);
    }
    return variables;
  }

  private filledIn = (text: string, variables = this.environment()) =>
    text.replace(/\$\((\w+)\)/g, (all, name: string) => variables[name] ?? all);
}
