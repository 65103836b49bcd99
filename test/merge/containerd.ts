import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '@iarna/toml';
import { Bench } from '../shell/bench';

/** K3s's containerd of K3s 1.36.2, and the first one whose K3s has drop-ins (1.33.10, 1.34.6, 1.35.3). */
export const VERSIONS = ['v2.3.2-k3s2', 'v2.2.2-k3s1'] as const;

/** Upstream's containerd, the newest patch of each minor that a plain node can have. */
export const UPSTREAM = ['v2.1.9', 'v2.2.9', 'v2.3.7', 'v2.4.2'] as const;

const CACHE = join(process.env.CDK8S_SYSBOX_CACHE ?? '/var/cache/cdk8s-sysbox', 'containerd');

export function needGo(env: NodeJS.ProcessEnv = process.env): void {
  if (spawnSync('go', ['version'], { env }).error !== undefined) {
    throw new Error(
      'npm run test:merge builds containerd and needs Go, at least 1.26: `go` is not on the PATH (https://go.dev/dl)',
    );
  }
}

/** Builds containerd into a cache outside the checkout, once: minutes the first time. Returns the directory of its programs. */
export function build(version: string, programs: readonly string[] = ['containerd']): string {
  const module = version.includes('k3s') ? 'github.com/k3s-io/containerd/v2' : 'github.com/containerd/containerd/v2';
  const directory = join(CACHE, version);
  execFileSync(join(__dirname, 'containerd', 'build.sh'), [module, version, directory, ...programs], {
    stdio: 'inherit',
  });
  return directory;
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

/** What containerd makes of a configuration, its `imports` pointing at a directory with nothing but the given drop-in. */
export function dump(version: string, config: string, dropIn?: string): Dump {
  return inDirectory((directory) => {
    mkdirSync(join(directory, 'imports'));
    if (dropIn !== undefined) {
      writeFileSync(join(directory, 'imports', 'sysbox.toml'), dropIn);
    }
    const root = join(directory, 'config.toml');
    writeFileSync(root, config.replace(/^imports = .*$/m, `imports = ["${directory}/imports/*.toml"]`));
    const { status, stdout, stderr } = spawnSync(join(CACHE, version, 'containerd'), ['-c', root, 'config', 'dump'], {
      encoding: 'utf8',
    });
    return { status, stderr, plugins: status === 0 ? (parse(stdout).plugins as Dump['plugins']) : {} };
  });
}

/** Whether a text is in the program: a message that is only printed when a CNI plugin fails can be judged no other way here. */
export const says = (version: string, text: string) => readFileSync(join(CACHE, version, 'containerd')).includes(text);

/** The words of a failed CNI plugin that the node programs look for (host/containerd.sh). */
export function networkError(): string {
  const bench = new Bench('dash');
  try {
    const { stdout } = bench.run(['containerd'], 'printf %s "$ENGINE_NETWORK_ERROR"');
    expect(stdout).not.toBe('');
    return stdout;
  } finally {
    bench.dispose();
  }
}

/** What containerd itself writes as its configuration, at its own version. */
export const defaults = (version: string) =>
  execFileSync(join(CACHE, version, 'containerd'), ['config', 'default'], { encoding: 'utf8' });

/** The runtimes of a dump. */
export const runtimes = ({ plugins }: Dump) => plugins['io.containerd.cri.v1.runtime'].containerd.runtimes;

/** Executes a template with Go, `base` being what K3s renders on its own and `found` the runtimes that it has found. */
export function renderTemplate(template: string, base: string, systemdCgroup: boolean, found: string[] = []): string {
  return inDirectory((directory) => {
    writeFileSync(join(directory, 'template'), template);
    writeFileSync(join(directory, 'base'), base);
    const program = join(__dirname, 'render', 'main.go');
    const files = [join(directory, 'template'), join(directory, 'base')];
    return execFileSync('go', ['run', program, ...files, String(systemdCgroup), ...found], { encoding: 'utf8' });
  });
}

function inDirectory<T>(act: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-merge-'));
  try {
    return act(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
