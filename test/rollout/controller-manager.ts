import { ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer } from '../cluster/api-server';
import { kubeControllerManager } from '../cluster/build';

/** The real DaemonSet controller: a kube-controller-manager that runs nothing else. */
export class ControllerManager {
  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(server: ApiServer): Promise<ControllerManager> {
    const program = await kubeControllerManager();
    const directory = mkdtempSync(join(tmpdir(), 'controller-manager-'));
    const kubeconfig = join(directory, 'kubeconfig');
    const cluster = { server: server.url, 'certificate-authority': server.caFile };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'admin', user: { token: server.adminToken } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'admin' } }],
      'current-context': 'c',
    };
    writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
    const log = openSync(join(directory, 'log'), 'w');
    const args = ['--controllers=daemonset-controller', '--leader-elect=false', '--secure-port=0'];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, `--kubeconfig=${kubeconfig}`, ...args], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    return new ControllerManager(child, directory);
  }

  log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8').slice(-2000);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null && this.child.kill('SIGKILL')) await ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
