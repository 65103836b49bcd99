// Runs a program of a pod under sh, with a directory for the container's root and stand-ins for its commands.
import { spawn, spawnSync } from 'child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { shellsForPods } from '../support/shells';

/** Not busybox's, which runs its own `ip` and `timeout` instead of the stand-ins. */
export const shells = shellsForPods(['dash', 'bash --posix']);

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Container {
  public readonly root = mkdtempSync(join(tmpdir(), 'container-'));

  /** A file of the container. */
  public write(path: string, content: string): this {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return this;
  }

  public read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  public has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** A command of the container, as a shell script; `$LOG` is where it can note what it saw. */
  public command(name: string, script: string): this {
    this.write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(join(this.root, 'bin', name), 0o755);
    return this;
  }

  /** What the commands noted. */
  public get log(): string {
    return this.has('log') ? this.read('log') : '';
  }

  public environment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
    const path = `${join(this.root, 'bin')}:/usr/bin:/bin`;
    return {
      PATH: path,
      CDK8S_SYSBOX_ROOT: this.root,
      LOG: join(this.root, 'log'),
      ROOT: this.root,
      DOCKER_POLL_SECONDS: '0.05',
      ...extra,
    };
  }

  public run(shell: string[], program: string, args: string[], extra: Record<string, string> = {}, input = ''): Ended {
    const [sh = 'sh', ...rest] = shell;
    const options = { env: this.environment(extra), encoding: 'utf8' as const, input, timeout: 30_000 };
    const { status, stdout, stderr } = spawnSync(sh, [...rest, program, ...args], options);
    return { code: status, stdout, stderr };
  }

  /** Runs it, sends a signal as soon as a file is there, and waits for the end. */
  public async interrupt(
    shell: string[],
    program: string,
    args: string[],
    file: string,
    signal: NodeJS.Signals,
  ): Promise<Ended> {
    const [sh = 'sh', ...rest] = shell;
    const child = spawn(sh, [...rest, program, ...args], { env: this.environment() });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stdout: '', stderr })));
    for (let i = 0; i < 200 && !this.has(file); i++) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill(signal);
    return ended;
  }

  public remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
