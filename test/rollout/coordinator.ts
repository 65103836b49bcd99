import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodePrograms } from '../../src/installer/node-files';
import { ApiServer, eventually } from '../cluster/api-server';
import { KubeObject } from '../cluster/client';
import { productSettings } from './manifests';
import { installerPod, nodePath, PodEnvironment } from './pod';
import { UnreliableNetwork } from './unreliable';

/** Times that a test can wait for. */
export const quick = {
  SLOT_POLL: 1,
  RETRY_PERIOD: 5,
  DRAIN_TIMEOUT: 2,
  DEADLINE: 120,
  FAILURE_BUDGET: 1,
  CONCURRENCY: 1,
};

const binaries = ['sysbox-runc', 'sysbox-fs', 'sysbox-mgr'];

const nothing = { NODE_NAME: '', POD_NAME: '', NAMESPACE: '', SERVICE_ACCOUNT_DIR: '', SCRATCH: '', API_URL: '' };

/** A node of a cluster with a model of its host, and the coordinator's pod on it. */
export class CoordinatorNode {
  readonly root: string;
  readonly state: string;
  private programs: string;
  private settings: string;
  private readonly image: string;
  pod: PodEnvironment;
  private process: ChildProcess | undefined;
  private started = 0;
  output = '';

  private constructor(
    readonly server: ApiServer,
    readonly network: UnreliableNetwork,
    readonly name: string,
    pod: PodEnvironment | undefined,
    directory: string,
    readonly shell: readonly string[],
  ) {
    this.root = join(directory, `${name}-host`);
    this.state = join(this.root, 'var/lib/cdk8s-sysbox');
    this.programs = join(directory, `${name}-programs`);
    for (const path of ['model', 'var/lib', 'opt', 'etc', 'proc/1'])
      mkdirSync(join(this.root, path), { recursive: true });
    writeFileSync(join(this.root, 'proc/1/comm'), 'systemd\n');
    this.settings = join(directory, `${name}-settings`);
    mkdirSync(this.programs);
    mkdirSync(this.settings);
    this.pod = pod ?? nothing;
    // One directory for all nodes of a test: its name is in the settings, and so in the revision.
    this.image = join(directory, 'image');
    mkdirSync(this.image, { recursive: true });
    for (const binary of binaries) writeFileSync(join(this.image, binary), binary);
    for (const [file, text] of Object.entries(nodePrograms())) writeFileSync(join(this.programs, file), text);
    this.configure({ ...productSettings, ...quick, IMAGE_BINARIES: this.image });
  }

  /** A node whose pod comes from elsewhere. */
  static withoutPod(server: ApiServer, network: UnreliableNetwork, name: string, directory: string): CoordinatorNode {
    return new CoordinatorNode(server, network, name, undefined, directory, ['dash']);
  }

  /** Another pod on the node, with its files. */
  mount(pod: PodEnvironment, programs: Record<string, string>, more: Record<string, string | number>): void {
    this.pod = pod;
    this.programs = mkdtempSync(join(this.root, 'programs-'));
    this.settings = mkdtempSync(join(this.root, 'settings-'));
    for (const [file, text] of Object.entries(programs)) writeFileSync(join(this.programs, file), text);
    this.configure(more);
  }

  static async make(
    server: ApiServer,
    network: UnreliableNetwork,
    name: string,
    directory: string,
    shell: readonly string[],
    spec?: KubeObject,
  ): Promise<CoordinatorNode> {
    await server.createNode(name, { labels: { 'sysbox-install': 'yes' } });
    // The server adds a taint of its own to a new node.
    await server.patch(nodePath(name), { spec: spec ?? { taints: null } });
    const node = new CoordinatorNode(
      server,
      network,
      name,
      await installerPod(server, name, directory, network.url),
      directory,
      shell,
    );
    await node.kubelet();
    return node;
  }

  configure(more: Record<string, string | number>): void {
    for (const [key, value] of Object.entries(more)) writeFileSync(join(this.settings, key), String(value));
  }

  /** What the kubelet writes. */
  async kubelet(heartbeat = new Date(Date.now() + 600_000), handlers = ['runc', 'sysbox-runc']): Promise<void> {
    const time = heartbeat.toISOString().replace(/\.\d+/, '');
    const ready = { type: 'Ready', status: 'True', lastHeartbeatTime: time, lastTransitionTime: time };
    await this.server.patch(`${nodePath(this.name)}/status`, {
      status: {
        conditions: [ready],
        nodeInfo: { kubeletVersion: 'v1.36.2+k3s1' },
        runtimeHandlers: handlers.map((name) => ({ name, features: { userNamespaces: true } })),
      },
    });
  }

  /** A setting that nothing reads, as a change of the installer's content. */
  changeRevision(): void {
    this.configure({ CHANGED: randomUUID() });
  }

  /** As the pod takes it when it starts. */
  get revision(): string {
    const script = '. "$0/settings.sh"; read_settings; HERE=$0; set_revision; echo "$REVISION"';
    const env = { ...process.env, SETTINGS_DIR: this.settings, SCRATCH: mkdtempSync(join(this.root, 'revision-')) };
    return execFileSync('dash', ['-c', script, this.programs], { env, encoding: 'utf8' }).trim();
  }

  start(environment: Record<string, string> = {}): void {
    const [command, ...args] = this.shell as [string, ...string[]];
    this.started = Date.now();
    this.process = spawn(command, [...args, join(this.programs, 'coordinator.sh')], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...this.pod,
        SCRATCH_DIR: this.pod.SCRATCH,
        HOST_ROOT: this.root,
        SETTINGS_DIR: this.settings,
        MODEL_PROGRAM: join(__dirname, 'host/model.sh'),
        PATH: `${join(__dirname, 'host')}:${process.env.PATH}`,
        ...environment,
      },
    });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (data) => (this.output += data));
  }

  /** Kills the pod: every process of it simultaneously, and no unit of the host. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.process;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    process.kill(signal === 'SIGKILL' ? -child.pid : child.pid, signal);
    await ended;
    child.stdout?.destroy();
    child.stderr?.destroy();
    this.process = undefined;
  }

  turn(knob: string, value: string | undefined = ''): void {
    writeFileSync(join(this.root, 'model', knob), value);
  }

  turnBack(knob: string): void {
    rmSync(join(this.root, 'model', knob), { force: true });
  }

  /** A line of the host's journal, as if another program had written it. */
  record(key: string, value: string): void {
    const file = join(this.state, 'journal');
    const others = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line && !line.startsWith(`${key}=`));
    writeFileSync(file, [...others, `${key}=${value}`, ''].join('\n'));
  }

  /** The commands that the host was given. */
  get calls(): string[] {
    const file = join(this.root, 'model/calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  get running(): boolean {
    return this.process !== undefined;
  }

  get ready(): boolean {
    // An earlier pod's file is there until this one removes it.
    const { mtimeMs } = statSync(join(this.pod.SCRATCH, 'ready'), { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
    return mtimeMs > this.started;
  }

  async object(): Promise<KubeObject> {
    return this.server.get(nodePath(this.name));
  }

  async annotations(): Promise<Record<string, string>> {
    const { metadata } = await this.object();
    const ours = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith('cdk8s-sysbox.io/'));
    return Object.fromEntries(ours.map(([key, value]) => [key.replace('cdk8s-sysbox.io/', ''), value as string]));
  }

  async events(): Promise<string[]> {
    const events = await this.server.list('/api/v1/namespaces/default/events', {
      fieldSelector: `involvedObject.name=${this.name}`,
    });
    return events.map(({ reason }) => reason);
  }

  /** An Event follows the annotation. */
  untilToldOf(reason: string): Promise<void> {
    return this.until(async () => expect(await this.events()).toContain(reason));
  }

  until(check: () => Promise<void> | void, seconds = 60): Promise<void> {
    return eventually(
      async () => check(),
      seconds * 1000,
      () => `${this.name}: ${this.calls}\n${this.output.slice(-1500)}`,
    );
  }

  untilReady(): Promise<void> {
    return this.until(() => {
      if (!this.ready) throw new Error(`${this.name} is not ready`);
    });
  }

  untilCalled(command: string, times = 1): Promise<void> {
    return this.until(() => {
      if (this.calls.filter((call) => call === command).length < times) throw new Error(`${command} was not called`);
    });
  }

  untilAnnotated(expected: Record<string, unknown>): Promise<void> {
    return this.until(async () => expect(await this.annotations()).toMatchObject(expected));
  }
}
