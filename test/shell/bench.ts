// The node programs under each shell that a node or an image may have as its sh.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodePrograms } from '../../src/installer/node-files';
import { ShellName, SHELLS } from '../support/shells';

/** What runs on the host, and what runs in the DaemonSet's pod. */
export const HOST_PROGRAMS = join(__dirname, '..', '..', 'src', 'installer', 'node', 'host');
export const POD_PROGRAMS = join(HOST_PROGRAMS, '..', 'pod');
const FILES = join(HOST_PROGRAMS, '..', 'files');

export function needTools(...more: string[]): void {
  const tools = ['shellcheck', 'dash', 'busybox', 'bash', 'jq', ...more];
  const missing = tools.filter((tool) => spawnSync(tool, ['--help']).error);
  if (missing.length > 0) {
    throw new Error(
      `npm run test:shell needs ${missing.join(', ')} on the PATH: apt-get install shellcheck dash busybox-static bash jq apparmor`,
    );
  }
}

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory to be the node's root, the programs as they lie on a node, and the tools of the shell. */
export class Bench {
  public readonly directory = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-shell-'));
  public readonly root = join(this.directory, 'root');
  private readonly programs = join(this.directory, 'node-programs');
  public readonly path: string;

  constructor(private readonly shell: ShellName) {
    mkdirSync(join(this.root, 'var/lib/cdk8s-sysbox'), { recursive: true });
    mkdirSync(this.programs);
    const files = readdirSync(FILES).map((name) => [name, readFileSync(join(FILES, name), 'utf8')]);
    for (const [name, text] of [...Object.entries(nodePrograms()), ...files]) {
      writeFileSync(join(this.programs, name ?? ''), text ?? '');
    }
    this.path = process.env.PATH ?? '';
    // busybox has its own awk, sed, sync, mv and flock
    if (shell === 'busybox ash') {
      const tools = join(this.directory, 'tools');
      mkdirSync(tools);
      const busybox = spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).stdout.trim();
      const applets = spawnSync('busybox', ['--list'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
      for (const applet of applets) symlinkSync(busybox, join(tools, applet));
      this.path = tools;
    }
  }

  /** Runs a snippet after the given programs, as host.sh would with `set -eu`. */
  public run(programs: string[], snippet: string, env: Record<string, string> = {}): Result {
    const sourced = programs.map((program) => `. "$HERE/${program}.sh"`).join('\n');
    const script = `set -eu\nCOMMAND=test RUN=1 RELEASE=r ACTION='' TARGET='' UNIT=k3s WARNINGS='' SANDBOX_ERROR='' REPORTED='' STEP=''\n${sourced}\n${snippet}\n`;
    const [command = '', ...args] = SHELLS[this.shell];
    return spawnSync(command, [...args, '-c', script], {
      encoding: 'utf8',
      env: { PATH: this.path, HERE: this.programs, SYSBOX_ROOT: this.root, ROOT_OF_TEST: this.root, ...env },
    });
  }

  /** The output of a snippet that succeeds. */
  public output(programs: string[], snippet: string, env: Record<string, string> = {}): string {
    const { status, stdout, stderr } = this.run(programs, snippet, env);
    if (status !== 0) throw new Error(`exit ${status}: ${stderr}`);
    return stdout;
  }

  public dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
