import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, eventually, startApiServer } from '../cluster/api-server';
import { KubeObject } from '../cluster/client';
import { inPod, podShells } from '../rollout/pod-shell';
import { objectsOf, only, output, root } from './manifests';
import { buildTimeout, kustomize } from './tools';

// What kustomize's transformers leave of the installer, on a real API server: the ServiceAccount's name stands in CEL, which kustomize does
// not rewrite. The installer's own program, with a token as its pod gets one, proves that the policies judge it, or refuses to work. What
// the tests leave out: the rest of the pod, which does not run after a refusal (test/rollout/coordinator.test.ts).

let program = '';
let scratch = '';
let server: ApiServer;
beforeAll(async () => {
  program = await kustomize();
  scratch = mkdtempSync(join(tmpdir(), 'kustomize-bound-'));
  cpSync(join(root, 'deploy'), scratch, { recursive: true });
  server = await startApiServer({ minor: '1.37' });
}, buildTimeout);
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true });
});

/** Builds deploy/base with a transformer, applies it, and runs the proof in a pod of its DaemonSet. */
async function proof(transformer: string, node: string) {
  const directory = mkdtempSync(join(scratch, 'user-'));
  writeFileSync(join(directory, 'kustomization.yaml'), `resources: [../base]\n${transformer}\n`);
  const built = output(program, ['build', directory]);
  // selectors are immutable: each kustomization is that of a cluster of its own
  for (const { metadata } of await server.list('/apis/apps/v1/daemonsets')) {
    await server.delete(`/apis/apps/v1/namespaces/${metadata.namespace}/daemonsets/${metadata.name}`, {
      propagationPolicy: 'Background',
    });
  }
  await server.apply(built, { force: true });
  const { metadata, spec }: KubeObject = only(objectsOf(built), 'DaemonSet');
  const token = await server.tokenFor({
    serviceAccount: spec.template.spec.serviceAccountName,
    namespace: metadata.namespace,
    node,
    podSpec: spec.template.spec,
  });
  const home = join(directory, 'pod');
  mkdirSync(home);
  writeFileSync(join(home, 'token'), token, { mode: 0o600 });
  writeFileSync(join(home, 'ca.crt'), readFileSync(server.caFile));
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const environment = {
    NODE_NAME: node,
    POD_NAME: claims['kubernetes.io'].pod.name,
    NAMESPACE: metadata.namespace,
    SERVICE_ACCOUNT_DIR: home,
    SCRATCH: home,
    API_URL: server.url,
  };
  const [[, shell]] = podShells as [[string, readonly string[]]];
  const { stdout, stderr } = await inPod(
    shell,
    environment,
    '. "$HERE/checks.sh"\n. "$HERE/converge.sh"\nis_bound && echo PROVEN',
  );
  const { annotations = {} } = (await server.get(`/api/v1/nodes/${node}`)).metadata;
  return {
    stdout,
    stderr,
    reason: annotations['cdk8s-sysbox.io/reason'],
    message: annotations['cdk8s-sysbox.io/message'],
  };
}

test.each([
  ['nothing', ''],
  ['labels', 'labels: [{ pairs: { team: blue }, includeSelectors: true }]'],
  ['commonAnnotations', 'commonAnnotations: { team: blue }'],
  ['images', 'images: [{ name: registry.nestybox.com/nestybox/sysbox-deploy-k8s, newName: blue.example/sysbox }]'],
])(
  'with %s, the policies judge the installer',
  async (name, transformer) => {
    await eventually(async () =>
      expect((await proof(transformer, `node-${name.toLowerCase()}`)).stdout).toContain('PROVEN'),
    );
  },
  120_000,
);

test.each([
  ['namePrefix', 'namePrefix: blue-'],
  ['nameSuffix', 'nameSuffix: -blue'],
])(
  'with %s, which CEL does not follow, the installer refuses and says so',
  async (name, transformer) => {
    const { stdout, reason, message } = await proof(transformer, `node-${name.toLowerCase()}`);
    expect(stdout).not.toContain('PROVEN');
    expect(reason).toBe('PolicyNotBound');
    expect(message).toContain('apply its manifests as they are, with the names of ServiceAccount and namespace');
  },
  120_000,
);
