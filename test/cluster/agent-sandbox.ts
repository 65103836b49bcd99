// agent-sandbox as it is released: its CRDs, and its controller run against an API server of these tests.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, eventually } from './api-server';
import { cached, run } from './cache';
import { Controller } from './controller';
import { kubeconfigOf } from './kubeconfig';

const goModule = 'sigs.k8s.io/agent-sandbox';
const version = 'v0.5.6';
const otherwise = `Cannot get agent-sandbox ${version}: Go and the Go module proxy (GOPROXY) are needed once.`;

/** Applies the CRDs of the release and waits until all kinds are served and discovered. */
export async function installAgentSandboxCrds(server: ApiServer): Promise<void> {
  const applied = await server.apply(await agentSandboxCrds());
  for (const { spec } of applied) {
    const apiVersion = `${spec.group}/v1beta1`;
    await eventually(() => server.get(`/apis/${apiVersion}/${spec.names.plural}`));
    await eventually(() => server.pathOf({ apiVersion, kind: spec.names.kind }));
  }
}

/** The CRDs of the release, as YAML. */
export async function agentSandboxCrds(): Promise<string> {
  const { Dir } = JSON.parse(await run('go', ['mod', 'download', '-json', `${goModule}@${version}`], { otherwise }));
  const directory = join(Dir, 'k8s', 'crds');
  return readdirSync(directory)
    .sort()
    .map((file) => readFileSync(join(directory, file), 'utf8'))
    .join('\n---\n');
}

/** Built in a module whose only requirement is the release. */
function controller(): Promise<string> {
  return cached(`agent-sandbox-controller-${version}`, async (path) => {
    const work = mkdtempSync(join(tmpdir(), 'agent-sandbox-build-'));
    const go = (...args: string[]) => run('go', args, { cwd: work, env: { CGO_ENABLED: '0' }, otherwise });
    try {
      writeFileSync(join(work, 'go.mod'), `module build\n\ngo 1.26.0\n\nrequire ${goModule} ${version}\n`);
      const flags = ['-mod=mod', '-trimpath', '-ldflags=-s -w', '-o', join(work, 'controller')];
      await go('build', ...flags, `${goModule}/cmd/agent-sandbox-controller`);
      copyFileSync(join(work, 'controller'), path);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}

/** Starts the controller against an API server of these tests, as its administrator. */
export function startAgentSandboxController(server: ApiServer): Promise<Controller> {
  return runAgentSandboxController(kubeconfigOf(server));
}

/** Starts the controller with its extensions. Its webhook only converts v1alpha1, so it is off. */
export async function runAgentSandboxController(kubeconfig: string): Promise<Controller> {
  return Controller.start(await controller(), kubeconfig, (file) => [
    `--kubeconfig=${file}`,
    ...['--extensions', '--enable-webhook=false', '--leader-elect=false'],
    ...['--metrics-bind-address=0', '--health-probe-bind-address=0'],
  ]);
}
