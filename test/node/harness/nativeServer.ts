// A K3s server on the machine that runs the tests: without an agent it needs neither cgroups nor containerd nor systemd,
// and it is not slowed down by emulation. Nodes join it as agents; it can be switched off and on again.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from './cache';
import { must, run } from './host';
import { quietServer } from './k3s';
import { Cluster } from './kubectl';
import type { NodeFile } from './node';
import { freePort, hostAddress } from './machine';
import { waitFor } from './wait';

export class NativeServer {
  static async create(binary: string): Promise<NativeServer> {
    mkdirSync(join(cacheDir, 'run'), { recursive: true });
    const directory = mkdtempSync(join(cacheDir, 'run', 'server-'));
    // The server also calls itself where the nodes find it: with the address on the loopback, that stays on this machine.
    await must(['ip', 'address', 'replace', `${hostAddress}/32`, 'dev', 'lo']);
    const [port, apiServerPort] = [await freePort(), await freePort()];
    return new NativeServer(binary, directory, port, apiServerPort, await Cluster.at(join(directory, 'kubeconfig')));
  }

  private process?: ChildProcess;

  private constructor(
    private readonly binary: string,
    private readonly directory: string,
    /** Supervisor and API, on the loopback; nodes that name it among their `hostPorts` reach it under the same number. */
    readonly port: number,
    private readonly apiServerPort: number,
    readonly cluster: Cluster,
  ) {}

  /** What an agent finds in the files that the official install script writes for it. */
  agentFiles(unit: string, config: Record<string, string | string[]> = {}): Record<string, NodeFile> {
    const environment = `K3S_URL=https://${hostAddress}:${this.port}\nK3S_TOKEN=${token}\n`;
    return {
      [`/etc/systemd/system/${unit}.service.env`]: { content: environment, mode: 0o600 },
      // JSON is YAML.
      '/etc/rancher/k3s/config.yaml': { content: JSON.stringify(config), mode: 0o600 },
    };
  }

  /** Starts the server and resolves immediately; `ready` waits for the API. The data of an earlier start is kept. */
  start(): void {
    const log = openSync(this.log, 'a');
    const args = [
      ...['server', '--disable-agent', `--data-dir=${join(this.directory, 'data')}`, `--token=${token}`],
      ...['--bind-address=127.0.0.1', `--https-listen-port=${this.port}`, `--apiserver-port=${this.apiServerPort}`],
      // The agent's load balancer takes its servers from here.
      ...[`--advertise-address=${hostAddress}`, `--advertise-port=${this.port}`, `--tls-san=${hostAddress}`],
      // Nobody asks these, and their default ports may be in use here.
      ...['manager', 'scheduler'].map(
        (one) => `--kube-${one === 'manager' ? 'controller-' : ''}${one}-arg=secure-port=0`,
      ),
      '--kube-cloud-controller-manager-arg=secure-port=0',
      `--write-kubeconfig=${this.cluster.kubeconfig}`,
      ...quietServer,
    ];
    const env = { PATH: process.env.PATH, HOME: this.directory };
    // A killed test run must not leave it behind.
    this.process = spawn('setpriv', ['--pdeathsig', 'KILL', this.binary, ...args], {
      stdio: ['ignore', log, log],
      env,
    });
    closeSync(log);
  }

  get running(): boolean {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Waits until the API answers and the parts of it that agents need do too. */
  async ready(timeoutMs = 5 * 60_000): Promise<void> {
    await waitFor('K3s server', { timeoutMs, everyMs: 500 }, async (last) => {
      if (!this.running) throw new Error(`the server ended:\n${this.tail()}`);
      last(this.tail());
      return (await this.cluster.kubectl(['get', '--raw', '/readyz'])) === 'ok';
    });
  }

  /** Gone suddenly, as in a power cut. */
  async kill(): Promise<void> {
    if (!this.running) return;
    const end = new Promise((resolve) => this.process!.once('exit', resolve));
    this.process!.kill('SIGKILL');
    await end;
  }

  /** Kills it and deletes its data (kept with CDK8S_SYSBOX_KEEP=1). */
  async dispose(): Promise<void> {
    await this.kill();
    await run(['ip', 'address', 'delete', `${hostAddress}/32`, 'dev', 'lo']);
    if (!process.env.CDK8S_SYSBOX_KEEP) rmSync(this.directory, { recursive: true, force: true });
  }

  /** The end of what the server has logged. */
  tail(): string {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8').slice(-3000) : '';
  }

  private get log(): string {
    return join(this.directory, 'server.log');
  }
}

/** No secret: nothing but this machine's loopback reaches the server. */
const token = 'test-node';
