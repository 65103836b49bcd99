import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '@iarna/toml';

/** K3s's containerd of K3s 1.36.2, and the first one whose K3s has drop-ins (1.33.10, 1.34.6, 1.35.3). */
export const VERSIONS = ['v2.3.2-k3s2', 'v2.2.2-k3s1'] as const;

const CACHE = join(process.env.CDK8S_SYSBOX_CACHE ?? '/var/cache/cdk8s-sysbox', 'containerd');

export function needGo(env: NodeJS.ProcessEnv = process.env): void {
  if (spawnSync('go', ['version'], { env }).error !== undefined) {
    throw new Error(
      'npm run test:merge builds containerd and needs Go, at least 1.26: `go` is not on the PATH (https://go.dev/dl)',
    );
  }
}

/** Builds containerd into a cache outside the checkout, once: minutes the first time. */
export function build(version: string): void {
  execFileSync(join(__dirname, 'containerd', 'build.sh'), [version, join(CACHE, version)], { stdio: 'inherit' });
}

/** What K3s 1.36.2 itself renders on a node with systemd, with the tables of version 2 or 3. */
export const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', `${name}.toml`), 'utf8');

export interface Dump {
  readonly status: number | null;
  readonly stderr: string;
  /** The plugins' tables of the merged configuration, in the names of version 3. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly plugins: Record<string, any>;
}

/** What containerd makes of a configuration, its `imports` pointing at a folder with nothing but the given drop-in. */
export function dump(version: string, config: string, dropIn?: string): Dump {
  return inFolder((folder) => {
    mkdirSync(join(folder, 'imports'));
    if (dropIn !== undefined) {
      writeFileSync(join(folder, 'imports', 'sysbox.toml'), dropIn);
    }
    const root = join(folder, 'config.toml');
    writeFileSync(root, config.replace(/^imports = .*$/m, `imports = ["${folder}/imports/*.toml"]`));
    const { status, stdout, stderr } = spawnSync(join(CACHE, version, 'containerd'), ['-c', root, 'config', 'dump'], {
      encoding: 'utf8',
    });
    return { status, stderr, plugins: status === 0 ? (parse(stdout).plugins as Dump['plugins']) : {} };
  });
}

/** The runtimes of a dump. */
export const runtimes = ({ plugins }: Dump) => plugins['io.containerd.cri.v1.runtime'].containerd.runtimes;

/** Executes a template with Go, `base` being what K3s renders on its own and `found` the runtimes that it has found. */
export function renderTemplate(template: string, base: string, systemdCgroup: boolean, found: string[] = []): string {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'template'), template);
    writeFileSync(join(folder, 'base'), base);
    const program = join(__dirname, 'render', 'main.go');
    const files = [join(folder, 'template'), join(folder, 'base')];
    return execFileSync('go', ['run', program, ...files, String(systemdCgroup), ...found], { encoding: 'utf8' });
  });
}

function inFolder<T>(act: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-merge-'));
  try {
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
