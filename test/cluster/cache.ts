import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is built or downloaded once and outlives the checkout. */
export const cacheDirectory = (): string => process.env.CDK8S_SYSBOX_CACHE ?? '/var/cache/cdk8s-sysbox';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** The sentence a person reads first when the command fails or does not exist. */
  readonly otherwise: string;
}

/** Runs a program to its end and returns what it printed; its last words are in the error. */
export function run(command: string, args: string[], options: RunOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const fail = (reason: string) =>
      reject(new Error(`${options.otherwise}\n${command} ${args.slice(0, 3).join(' ')} …: ${reason}`));
    child.stdout.on('data', (data) => out.push(data));
    child.stderr.on('data', (data) => err.push(data));
    child.on('error', (error) => fail(error.message));
    child.on('close', (code, signal) =>
      code === 0
        ? resolve(Buffer.concat(out).toString())
        : fail(`exit ${code ?? signal}\n${lastWords(err) || lastWords(out)}`),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
  });
}

const lastWords = (printed: Buffer[]) => Buffer.concat(printed).toString().slice(-3000);

/**
 * The path of a cached file or directory, made on first use.
 *
 * `make` writes to a path of its own, which is renamed into place when it is complete. Two runs at the same time make it
 * once; the name carries every version that its content depends on, so nothing in the cache is ever changed.
 */
export async function cached(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = join(cacheDirectory(), name);
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const unlock = await lock(`${path}.lock`);
  const scratch = mkdtempSync(`${path}.part-`);
  try {
    if (!existsSync(path)) {
      await make(join(scratch, 'made'));
      renameSync(join(scratch, 'made'), path);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    unlock();
  }
  return path;
}

/** flock(1) holds the lock for as long as its standard input is open, so the kernel frees it even if we are killed. */
function lock(file: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo locked; cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    holder.on('error', (error) => reject(new Error(`The cache needs flock (util-linux): ${error.message}`)));
    holder.on('exit', (code) => reject(new Error(`flock ${file} ended with ${code}`)));
    holder.stdin.on('error', () => undefined);
    holder.stdout.once('data', () => resolve(() => holder.stdin.end()));
  });
}

/** A Python environment with exactly these packages, and its interpreter. */
export async function python(name: string, packages: string[]): Promise<string> {
  const otherwise =
    `Cannot install ${packages.join(' ')} from PyPI: python3 (3.9 or newer) with its venv module, and PyPI or a ` +
    `mirror that pip knows, are needed once; the result is kept in ${cacheDirectory()}.`;
  const directory = await cached(`venv-${name}`, async (path) => {
    await run('python3', ['-m', 'venv', path], { otherwise });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
    await run(join(path, 'bin', 'python'), pip, { otherwise });
  });
  return join(directory, 'bin', 'python');
}
