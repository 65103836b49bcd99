import { ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A controller that others have written, run against an API server; it dies with the tests. */
export class Controller {
  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  /**
   * @param kubeconfig content of its kubeconfig
   * @param argsOf its arguments, given the path of the kubeconfig
   * @param env its environment
   */
  static start(
    program: string,
    kubeconfig: string,
    argsOf: (kubeconfig: string) => string[],
    env: NodeJS.ProcessEnv = {},
  ): Controller {
    const directory = mkdtempSync(join(tmpdir(), 'controller-'));
    const file = join(directory, 'kubeconfig');
    writeFileSync(file, kubeconfig, { mode: 0o600 });
    const log = openSync(join(directory, 'log'), 'w');
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...argsOf(file)], {
      stdio: ['ignore', log, log],
      env: { PATH: process.env.PATH, ...env },
    });
    closeSync(log);
    return new Controller(child, directory);
  }

  /** The end of its log. */
  log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8').slice(-6000);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null && this.child.kill('SIGKILL')) await ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
