import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached, run } from '../cluster/cache';

/** A first build of all tools takes minutes; a test that may be the first to need one waits this long. */
export const buildTimeout = 60 * 60_000;

interface GoTool {
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** The package to build, or a directory here with a main package around the module's library. */
  readonly main: { readonly package: string } | { readonly directory: string };
  /** Build tags. */
  readonly tags?: string;
}

export const kustomize = () =>
  goTool({
    name: 'kustomize',
    module: 'sigs.k8s.io/kustomize/kustomize/v5',
    version: 'v5.8.2',
    main: { package: 'sigs.k8s.io/kustomize/kustomize/v5' },
  });

export const helm = () =>
  goTool({ name: 'helm', module: 'helm.sh/helm/v4', version: 'v4.3.1', main: { package: 'helm.sh/helm/v4/cmd/helm' } });

/** Flux's own substitution, the marks of objects included: kustomize-controller calls this library. */
export const fluxSubstitute = () =>
  goTool({
    name: 'flux-substitute',
    module: 'github.com/fluxcd/pkg/kustomize',
    version: 'v1.41.0',
    main: { directory: 'flux-substitute' },
  });

/** Argo CD's own Lua runner of health checks, the newest minor whose gitops-engine is on the Go proxy. */
export const argoHealth = () =>
  goTool({
    name: 'argo-health',
    module: 'github.com/argoproj/argo-cd/v3',
    version: 'v3.2.12',
    main: { directory: 'argo-health' },
  });

/** Without the service discoveries, whose cloud SDKs are most of the build. */
export const promtool = () =>
  goTool({
    name: 'promtool',
    module: 'github.com/prometheus/prometheus',
    version: 'v0.316.0',
    main: { package: 'github.com/prometheus/prometheus/cmd/promtool' },
    tags: 'remove_all_sd',
  });

const gitlabRunner = {
  module: 'gitlab.com/gitlab-org/gitlab-runner',
  version: 'v1.11.1-0.20260903214710-fc1f1862bd91', // 19.4.0, as Go names it
};

/** GitLab Runner's reading of its configuration, and the path of the source that it reads the types from. */
export async function gitlabRunnerConfig(): Promise<{ program: string; source: string }> {
  const { module, version } = gitlabRunner;
  const otherwise = `Cannot get GitLab Runner ${version}: Go and the Go module proxy (GOPROXY) are needed.`;
  const program = await goTool({
    name: 'gitlab-runner-config',
    ...gitlabRunner,
    main: { directory: 'gitlab-runner-config' },
  });
  const { Dir } = JSON.parse(await run('go', ['mod', 'download', '-json', `${module}@${version}`], { otherwise }));
  return { program, source: Dir };
}

/** The charts and CRDs of GitHub's Actions Runner Controller, the newest release that is on the Go proxy. */
export async function actionsRunnerCharts(): Promise<string> {
  const otherwise = 'Cannot get the Actions Runner Controller: Go and the Go module proxy (GOPROXY) are needed.';
  const module = 'github.com/actions/actions-runner-controller@v0.27.6';
  const { Dir } = JSON.parse(await run('go', ['mod', 'download', '-json', module], { otherwise }));
  return join(Dir, 'charts');
}

/** The path of the static binary, built from the Go module proxy on first use. */
function goTool(tool: GoTool): Promise<string> {
  return cached(`${tool.name}-${tool.version}`, (path) => build(tool, path));
}

async function build(tool: GoTool, path: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), `${tool.name}-build-`));
  const otherwise = `Cannot build ${tool.name} ${tool.version}: Go 1.26 or newer and the Go module proxy (GOPROXY) are needed once.`;
  const go = (...args: string[]) => run('go', args, { cwd: work, env: { CGO_ENABLED: '0' }, otherwise });
  try {
    const module = JSON.parse(await go('mod', 'download', '-json', `${tool.module}@${tool.version}`));
    writeFileSync(join(work, 'go.mod'), goMod(tool, readFileSync(module.GoMod, 'utf8')));
    const source = 'directory' in tool.main ? join(__dirname, 'tools', tool.main.directory, 'main.go') : undefined;
    if (source) copyFileSync(source, join(work, 'main.go'));
    const flags = [
      '-mod=mod',
      '-trimpath',
      '-buildvcs=false',
      '-ldflags',
      '-s -w',
      ...(tool.tags ? ['-tags', tool.tags] : []),
    ];
    const binary = join(work, tool.name);
    await go('build', ...flags, '-o', binary, 'package' in tool.main ? tool.main.package : '.');
    copyFileSync(binary, path);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A module whose only requirement is the tool's; a library's own replacements count only in the main module, so they are repeated. */
function goMod({ module, version }: GoTool, upstream: string): string {
  const lines = upstream.split('\n').map((line) => line.trim().replace(/^replace /, ''));
  return [
    'module built',
    ...lines.filter((line) => /^go /.test(line)),
    `require ${module} ${version}`,
    ...lines.filter((line) => / => \S+ v/.test(line)).map((line) => `replace ${line}`),
    '',
  ].join('\n');
}
