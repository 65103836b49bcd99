// A pod of a K3sCluster's servers, as its manifest says, but run by this machine alone: its own processes, files and
// network, no kubelet and no user namespace. What it mounts from a claim outlives it, its address does not.
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, only } from '../../support/synth';
import { run, type Result, sleep } from './host';
import { type PodNetwork } from './podNetwork';
import { waitFor } from './wait';

export interface ServerPodOptions {
  readonly name: string;
  readonly directory: string;
  readonly network: PodNetwork;
  /** The binary of K3s. */
  readonly k3s: string;
  /** Directories with the content of the Secrets, by their names. */
  readonly secrets: Record<string, string>;
}

/** Arguments of K3s with which it needs no node and reaches for nothing. */
export const controlPlaneOnly = [
  '--disable-agent',
  '--disable-cloud-controller',
  '--disable-controller-manager',
  '--disable-helm-controller',
  '--disable-kube-proxy',
  '--disable-network-policy',
  '--disable-scheduler',
  '--disable=coredns,local-storage,metrics-server,servicelb,traefik,runtimes',
  '--egress-selector-mode=disabled',
];

/** Makes a root like this machine's, in which nothing that is written reaches the machine, and becomes $@ in it. */
const enter = `set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$ROOT"
mkdir "$ROOT/upper" "$ROOT/work" "$ROOT/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$ROOT/upper,workdir=$ROOT/work" "$ROOT/root"
cd "$ROOT/root"
mount --rbind /dev dev
mount --rbind /sys sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --bind /dev/null dev/console
mount -t proc proc proc
echo "$NAME" >proc/sys/kernel/hostname
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
rm -rf etc/systemd/system
mkdir etc/systemd/system
while read -r from to; do
  mkdir -p ".\${to%/*}"
  if [ -d "$from" ]; then mkdir -p ".$to"; else : >".$to"; fi
  mount --bind "$from" ".$to"
done <"$MOUNTS"
exec chroot . "$@"
`;

const unshare = ['unshare', '--mount', '--pid', '--cgroup', '--ipc', '--uts', '--fork', '--kill-child'];

export class ServerPod {
  readonly name: string;
  address = '';
  private process?: ChildProcess;
  private manifests: Manifest[] = [];

  constructor(private readonly options: ServerPodOptions) {
    this.name = options.name;
    mkdirSync(this.path('root'), { recursive: true });
    writeFileSync(this.path('hosts'), '');
  }

  path = (name: string) => join(this.options.directory, this.name, name);

  /** Starts the pod that the manifests of a cluster say, at this address. */
  async start(manifests: Manifest[], address: string): Promise<void> {
    const { network, k3s } = this.options;
    this.manifests = manifests;
    this.address = address;
    writeFileSync(this.path('mounts'), [...this.mounts(), `${k3s} /bin/k3s`, `${k3s} /bin/kubectl`].join('\n') + '\n');
    await network.attach(this.name, address);
    appendFileSync(this.path('log'), `\n### ${this.name} starts at ${address}\n`);
    const log = openSync(this.path('log'), 'a');
    const command = [...this.container.command, ...this.container.args].map((word: string) => this.filledIn(word));
    const inside = ['netns', 'exec', network.namespace(this.name), ...unshare, 'sh', '-c', enter, 'enter', ...command];
    this.process = spawn('ip', inside, {
      env: { ...this.environment(), NAME: this.name, ROOT: this.path('root'), MOUNTS: this.path('mounts') },
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
  async started(timeoutMs = 300_000): Promise<void> {
    await waitFor(`${this.name} started`, { timeoutMs, everyMs: 2_000 }, async (last) => {
      if (!this.running) {
        await this.start(this.manifests, this.address);
        throw new Error('ended, and started again');
      }
      const { code, stdout, stderr } = await this.exec(...this.container.startupProbe.exec.command);
      appendFileSync(this.path('log'), `### startup probe: ${code} ${stdout}${stderr}\n`);
      last(stdout + stderr);
      return code === 0;
    });
  }

  /** The kubelet asks the API server itself; from inside the same is asked with the admin's credentials. */
  ready = async () => (await this.exec('sh', '/opt/cdk8s-sysbox/k3s-programs/ready.sh')).code === 0;

  /** kubectl inside, as the admin. */
  async kubectl(...args: string[]): Promise<string> {
    const kubeconfig = '/var/lib/rancher/k3s/server/cred/admin.kubeconfig';
    const { code, stdout, stderr } = await this.exec('k3s', 'kubectl', '--kubeconfig', kubeconfig, ...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} in ${this.name}: ${stderr}`);
    return stdout;
  }

  /** Ends the pod: as the kubelet does, or as a power cut does. */
  async stop(how: 'orderly' | 'killed'): Promise<void> {
    if (!this.running) return;
    // the hook of a machine under systemd waits for its end, and nsenter, stopped with the rest, would hold that up
    const [command, ...args] = this.container.lifecycle.preStop.exec.command as string[];
    const hook = [command!, ...args.map((arg) => arg.replace(/; sleep \d+$/, ''))];
    if (how === 'orderly') await this.exec(...hook);
    if (command !== '/bin/sh' || how === 'killed') {
      await run(['kill', how === 'orderly' ? '-TERM' : '-KILL', await this.firstProcess()]);
    }
    for (let i = 0; i < 300 && this.running; i++) await sleep(100);
    if (this.running) throw new Error(`${this.name} runs 30 s after the request to end`);
    await this.options.network.detach(this.name);
  }

  /** The claim is lost, and a new one is empty. */
  loseClaim(): void {
    rmSync(this.path('data'), { recursive: true });
  }

  log = () => readFileSync(this.path('log'), 'utf8');

  private async firstProcess(): Promise<string> {
    const { stdout } = await run(['ps', '-o', 'pid=', '--ppid', `${this.process?.pid}`]);
    if (stdout.trim() === '') throw new Error(`${this.name} does not run`);
    return stdout.trim();
  }

  private get template(): Manifest {
    return only(this.manifests, 'StatefulSet', this.name.replace(/-\d+$/, '')).spec.template;
  }

  private get container(): Manifest {
    return this.template.spec.containers.find((it: Manifest) => it.name === 'k3s');
  }

  private mounts(): string[] {
    const own = this.container.volumeMounts.map(({ name, mountPath, subPath = '' }: Manifest) => {
      const from = join(this.volume(name), subPath);
      if (!existsSync(from)) mkdirSync(from, { recursive: true });
      return `${from} ${mountPath}`;
    });
    // what the binary unpacks is always the same, and not what this is about
    const unpacked = join(this.options.directory, 'unpacked');
    mkdirSync(unpacked, { recursive: true });
    return [...own, `${unpacked} /var/lib/rancher/k3s/data`, `${this.path('hosts')} /etc/hosts`];
  }

  /** The directory of a volume: of a Secret, written from a ConfigMap, or the pod's own. */
  private volume(name: string): string {
    const { secret, configMap } = this.template.spec.volumes.find((it: Manifest) => it.name === name) ?? {};
    if (secret) return this.options.secrets[secret.secretName]!;
    const directory = this.path(name);
    mkdirSync(directory, { recursive: true });
    const { data = {} } = configMap ? only(this.manifests, 'ConfigMap', configMap.name) : {};
    for (const [file, text] of Object.entries(data))
      writeFileSync(join(directory, file), text as string, { mode: 0o755 });
    return directory;
  }

  private environment(): Record<string, string> {
    // the last one is what Sysbox tells systemd
    const variables: Record<string, string> = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      container: 'private-users',
    };
    for (const { name, value, valueFrom } of this.container.env) {
      const own = valueFrom?.fieldRef?.fieldPath.startsWith('status.') ? this.address : this.name;
      const field = valueFrom?.fieldRef ? own : valueFrom?.resourceFieldRef ? `${2 ** 50}` : undefined;
      variables[name] = field ?? this.filledIn(value, variables);
    }
    return variables;
  }

  private filledIn = (text: string, variables = this.environment()) =>
    text.replace(/\$\((\w+)\)/g, (all, name: string) => variables[name] ?? all);
}
