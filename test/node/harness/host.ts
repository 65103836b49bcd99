// Commands on the machine that runs the tests.
import { spawn, type ChildProcess } from 'node:child_process';

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Text for the command's standard input. */
  readonly stdin?: string | NodeJS.ReadableStream;
  /** @default 20 minutes */
  readonly timeoutMs?: number;
}

/** Runs a command to its end; rejects when it cannot be started or does not end in time. */
export function run(command: readonly string[], options: CommandOptions = {}): Promise<Result> {
  const timeoutMs = options.timeoutMs ?? 20 * 60_000;
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), { cwd: options.cwd, env: options.env ?? process.env });
    const collected = collect(child);
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`no end after ${timeoutMs / 1000} s: ${brief(command)}\n${tail(collected)}`));
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, ...collected });
    });
    child.stdin.on('error', () => undefined); // a command may end before it has read its input
    if (typeof options.stdin === 'object') options.stdin.pipe(child.stdin);
    else child.stdin.end(options.stdin ?? '');
  });
}

/** As `run`, and an exit code other than 0 is an error that shows the end of the output. Resolves to stdout. */
export async function must(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await run(command, options);
  if (result.code !== 0) throw new Error(`exit code ${result.code}: ${brief(command)}\n${tail(result)}`);
  return result.stdout;
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const text = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  return text;
}

const brief = (command: readonly string[]) => command.join(' ').slice(0, 300);
const tail = (result: { stdout: string; stderr: string }) => (result.stdout + result.stderr).slice(-3000);
