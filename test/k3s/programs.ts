import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shellsForPods } from '../support/shells';

const programs = join(__dirname, '..', '..', 'src', 'k3s', 'pod');

/** busybox's is the one of K3s's image. */
export const shells = shellsForPods(['busybox ash', 'dash']);

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory in which a program runs, with stand-ins for the other programs that it calls. */
export class Stage {
  public readonly directory = mkdtempSync(join(tmpdir(), 'k3s-pod-'));

  public constructor(
    private readonly shell: string[],
    private readonly env: Record<string, string>,
  ) {
    mkdirSync(join(this.directory, 'bin'));
  }

  /** A stand-in: shell text that sees its arguments, and `$STAGE`. Each call is noted in `calls`. */
  public standIn(name: string, body: string): void {
    const path = join(this.directory, 'bin', name);
    writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>"$STAGE/calls"\n${body}\n`);
    chmodSync(path, 0o755);
  }

  public write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  public read(name: string): string {
    const path = join(this.directory, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  public get files(): string[] {
    return readdirSync(this.directory);
  }

  /** What the stand-ins were called with, one a call; without what is the same in all. */
  public get calls(): string[] {
    return this.read('calls')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/kubectl --kubeconfig \S+ --request-timeout=\d+s /, ''));
  }

  public run(program: string, ...args: string[]): Outcome {
    const [command = 'sh', ...rest] = this.shell;
    const { status, stdout, stderr } = spawnSync(command, [...rest, join(programs, program), ...args], {
      env: this.environment(),
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { status, stdout, stderr };
  }

  public start(program: string) {
    const [command = 'sh', ...rest] = this.shell;
    return spawn(command, [...rest, join(programs, program)], { env: this.environment(), stdio: 'ignore' });
  }

  public end(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      PATH: `${join(this.directory, 'bin')}:${process.env.PATH}`,
      STAGE: this.directory,
      TMPDIR: this.directory,
      ...Object.fromEntries(
        Object.entries(this.env).map(([key, value]) => [key, value.replaceAll('$STAGE', this.directory)]),
      ),
    };
  }
}
