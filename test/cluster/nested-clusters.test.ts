import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { App, Chart, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { stringify } from 'yaml';
import { K3kCluster } from '../../src/k3k';
import { K3sCluster, K3sInit, ApiServerExposure } from '../../src/k3s';
import { PodSecurityLevel, SystemStorage } from '../../src/workloads';
import { ApiServer, eventually, startApiServer } from './api-server';
import { buildTimeout, kubectl, minors } from './build';
import { writeKubeconfig } from './kubeconfig';

const programs = join(__dirname, '..', '..', 'src', 'k3s', 'pod');
const runtimeClass =
  'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: sysbox-runc }\nhandler: sysbox-runc\n';

function yaml(namespace: string, build: (chart: Chart) => void): string {
  const chart = new Chart(new App(), 'nested', { namespace, disableResourceNameHashes: true });
  build(chart);
  return chart
    .toJson()
    .map((object: object) => stringify(object))
    .join('---\n');
}

describe.each(minors)('Kubernetes %s', (minor) => {
  let server: ApiServer;
  let directory: string;
  let newestKubectl: string;
  beforeAll(async () => {
    newestKubectl = await kubectl();
    server = await startApiServer({ minor });
    directory = mkdtempSync(join(tmpdir(), 'nested-'));
    await server.apply(runtimeClass);
  }, buildTimeout);
  afterAll(() => server?.stop());

  const levels = minor === '1.33' ? ['baseline'] : ['baseline', 'restricted'];
  test.each(levels)('takes a K3sCluster, and its pods in a namespace that enforces %s', async (level) => {
    const namespace = `k3s-${level}`;
    await server.createNamespace(namespace, { 'pod-security.kubernetes.io/enforce': level });
    const podSecurity = level === 'restricted' ? PodSecurityLevel.RESTRICTED : PodSecurityLevel.BASELINE;

    const applied = await server.apply(
      yaml(namespace, (chart) => {
        new K3sCluster(chart, 'dev', {
          clusterName: 'dev',
          version: 'v1.36.2+k3s1',
          agents: 2,
          expose: ApiServerExposure.nodePort({ port: level === 'restricted' ? 30444 : 30443 }),
          system: { podSecurity },
        });
        new K3sCluster(chart, 'three', {
          clusterName: 'three',
          version: 'v1.36.2+k3s1',
          servers: 3,
          agents: 1,
          image: 'registry.example.org/node:1',
          init: K3sInit.SYSTEMD,
          system: { podSecurity },
        });
      }),
    );

    expect(server.warnings).toEqual([]);
    for (const { kind, spec } of applied) {
      if (!spec?.template) continue;
      const pod = {
        metadata: { generateName: 'try-', labels: spec.template.metadata.labels },
        spec: { ...spec.template.spec },
      };
      const volumes = [...(pod.spec.volumes ?? [])];
      if (kind === 'StatefulSet') volumes.push({ name: 'data', emptyDir: {} });
      const accepted = await server.create(`/api/v1/namespaces/${namespace}/pods`, {
        ...pod,
        spec: { ...pod.spec, volumes },
      });
      expect(accepted.spec).toMatchObject({ hostUsers: false, runtimeClassName: 'sysbox-runc' });
    }
  });

  test('takes K3kClusters by their CRD', async () => {
    await server.apply(readFileSync(join(__dirname, '..', 'k3k', 'crds', 'clusters.yaml'), 'utf8'));
    // The server's discovery, which `apply` asks, can be behind the resource itself, and the other way round.
    await eventually(() => server.pathOf({ apiVersion: 'k3k.io/v1beta1', kind: 'Cluster' }));
    await eventually(() => server.get('/apis/k3k.io/v1beta1/clusters'));
    await server.createNamespace('k3k');
    const storage = SystemStorage.claim({ storage: Size.gibibytes(10), storageClassName: 'fast' });
    const resources = { memory: { limit: Size.gibibytes(2) }, cpu: { limit: kplus.Cpu.units(2) } };

    const [plain, full] = await server.apply(
      yaml('k3k', (chart) => {
        new K3kCluster(chart, 'plain', { clusterName: 'plain' });
        new K3kCluster(chart, 'full', {
          clusterName: 'full',
          servers: 3,
          agents: 2,
          server: {
            resources,
            kubeletArgs: ['max-pods=50'],
            storage,
            envVariables: { A: kplus.EnvValue.fromValue('b') },
          },
          agent: { resources },
          expose: ApiServerExposure.loadBalancer({ port: 443 }),
          system: {
            podSecurity: PodSecurityLevel.RESTRICTED,
            runtime: { runtimeClassName: 'sysbox-runc', clusterVersion: '1.36' },
          },
        });
      }),
    );

    expect(server.warnings).toEqual([]);
    expect(plain!.spec).toMatchObject({ hostUsers: false, securityContext: { privileged: false } });
    expect(full!.spec.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
  });

  // the programs, with a real kubectl in the place of K3s's, and the rights that the manifests give
  const environment = (more: Record<string, string>): NodeJS.ProcessEnv => {
    const bin = join(directory, 'bin');
    mkdirSync(bin, { recursive: true });
    const kubectl = join(bin, 'kubectl');
    writeFileSync(kubectl, `#!/bin/sh\nexec ${newestKubectl} "$@"\n`);
    chmodSync(kubectl, 0o755);
    const url = new URL(server.url);
    return {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: directory,
      KUBERNETES_SERVICE_HOST: url.hostname,
      KUBERNETES_SERVICE_PORT: url.port,
      ...more,
    };
  };
  const serviceAccount = async (name: string) => {
    const account = join(directory, name);
    mkdirSync(account, { recursive: true });
    writeFileSync(join(account, 'token'), await server.tokenFor({ serviceAccount: name, namespace: 'k3s-baseline' }));
    writeFileSync(join(account, 'ca.crt'), readFileSync(server.caFile));
    writeFileSync(join(account, 'namespace'), 'k3s-baseline');
    return account;
  };
  const secret = async (name: string) =>
    (await server.get(`/api/v1/namespaces/k3s-baseline/secrets/${name}`)).data ?? {};
  const decode = (text: string) => Buffer.from(text, 'base64').toString();

  test('the Job makes the tokens once, with its own rights', async () => {
    const env = environment({
      SERVICE_ACCOUNT_DIR: await serviceAccount('dev-token'),
      SECRET_NAME: 'dev-token',
      SECRET_KEYS: 'token agent-token',
    });
    const run = () => spawnSync('sh', [join(programs, 'token.sh')], { env, encoding: 'utf8' });

    const first = run();
    expect(first.stderr).toBe('');
    expect(first.status).toBe(0);
    const made = await secret('dev-token');
    expect(decode(made.token)).toMatch(/^[0-9a-f]{64}$/);
    expect(decode(made['agent-token'])).toMatch(/^[0-9a-f]{64}$/);
    expect(run().stdout).toMatch(/has its tokens/);
    expect(await secret('dev-token')).toEqual(made);

    const other = spawnSync('sh', [join(programs, 'token.sh')], {
      env: { ...env, SECRET_NAME: 'dev-kubeconfig' },
      encoding: 'utf8',
    });
    expect(other.stderr).toMatch(/forbidden/i);
    expect(await secret('dev-kubeconfig')).toEqual({});
  });

  test('applying the manifests again leaves the tokens', async () => {
    const before = await secret('dev-token');
    await server.apply(
      yaml('k3s-baseline', (chart) => {
        new K3sCluster(chart, 'dev', {
          clusterName: 'dev',
          version: 'v1.36.2+k3s1',
          agents: 2,
          expose: ApiServerExposure.nodePort({ port: 30443 }),
          system: { podSecurity: PodSecurityLevel.BASELINE },
        });
      }),
    );
    expect(await secret('dev-token')).toEqual(before);
  });

  test('the publisher fills its Secret, and follows the file', async () => {
    const file = join(directory, 'k3s.yaml');
    const kubeconfig = (key: string) =>
      `apiVersion: v1\nclusters:\n- cluster:\n    server: https://127.0.0.1:6443\nusers:\n- user:\n    client-key-data: ${key}\n`;
    const env = environment({
      SERVICE_ACCOUNT_DIR: await serviceAccount('dev-kubeconfig'),
      SECRET_NAME: 'dev-kubeconfig',
      NODE_NAME: 'dev-server-0',
      SECRET_KEY: 'kubeconfig.yaml',
      CLUSTER_URL: 'https://dev.k3s-baseline.svc:6443',
      KUBECONFIG_FILE: file,
      INTERVAL: '1',
    });
    writeFileSync(file, kubeconfig('a2V5'));
    const publisher: ChildProcess = spawn('sh', [join(programs, 'publish.sh')], { env, stdio: 'inherit' });
    const published = async (text: string) => {
      for (let i = 0; i < 100; i++) {
        const data = await secret('dev-kubeconfig');
        if (data['kubeconfig.yaml'] && decode(data['kubeconfig.yaml']) === text) return true;
        await setTimeout(200);
      }
      return false;
    };
    try {
      expect(await published(kubeconfig('a2V5').replace('127.0.0.1', 'dev.k3s-baseline.svc'))).toBe(true);
      writeFileSync(file, kubeconfig('bmV3'));
      expect(await published(kubeconfig('bmV3').replace('127.0.0.1', 'dev.k3s-baseline.svc'))).toBe(true);
      const at = (await server.get('/api/v1/namespaces/k3s-baseline/secrets/dev-kubeconfig')).metadata.resourceVersion;
      await setTimeout(3000);
      expect(
        (await server.get('/api/v1/namespaces/k3s-baseline/secrets/dev-kubeconfig')).metadata.resourceVersion,
      ).toBe(at);
    } finally {
      publisher.kill('SIGTERM');
    }
  }, 60_000);

  test('an agent cordons, drains and uncordons its own node, and announces its address, with the rights of its kubelet', async () => {
    await server.createNode('dev-agent-0');
    await server.createNamespace('inner');
    const make = (name: string, nodeName: string, owner?: string) =>
      server.create('/api/v1/namespaces/inner/pods', {
        metadata: {
          name,
          ...(owner && {
            ownerReferences: [{ apiVersion: 'apps/v1', kind: owner, name: 'o', uid: '1', controller: true }],
          }),
        },
        spec: { nodeName, terminationGracePeriodSeconds: 0, containers: [{ name: 'a', image: 'a:1' }] },
      });
    await server.createNode('dev-agent-1');
    await make('web', 'dev-agent-0', 'ReplicaSet');
    await make('bare', 'dev-agent-0');
    await make('daemon', 'dev-agent-0', 'DaemonSet');
    await make('elsewhere', 'dev-agent-1', 'ReplicaSet');
    const kubeconfig = writeKubeconfig(join(directory, 'kubelet.yaml'), server, {
      as: 'system:node:dev-agent-0',
      'as-groups': ['system:nodes', 'system:authenticated'],
    });
    const env = environment({
      NODE_NAME: 'dev-agent-0',
      NODE_ROLE: 'agent',
      NODE_KUBECONFIG: kubeconfig,
      DRAIN_SECONDS: '20',
      POD_IPS: '10.42.0.7',
    });
    const node = async () => server.get('/api/v1/nodes/dev-agent-0');
    const run = (name: string) => spawnSync('sh', [join(programs, name)], { env, encoding: 'utf8' });

    expect(run('ready.sh')).toMatchObject({ status: 1 });
    await server.as({ user: 'system:node:dev-agent-0', groups: ['system:nodes', 'system:authenticated'] }).patch(
      '/api/v1/nodes/dev-agent-0/status',
      {
        status: {
          addresses: [{ type: 'InternalIP', address: '10.42.0.3' }],
          conditions: [
            {
              type: 'Ready',
              status: 'True',
              reason: 'r',
              message: 'all well',
              lastHeartbeatTime: new Date().toISOString(),
              lastTransitionTime: new Date().toISOString(),
            },
          ],
        },
      },
      'strategic',
    );
    expect(run('ready.sh')).toEqual(expect.objectContaining({ status: 0, stderr: '' }));

    const stopped = run('stop.sh');
    expect(stopped.stderr).toBe('');
    expect(stopped.status).toBe(0);
    expect((await node()).spec.unschedulable).toBe(true);
    expect((await node()).metadata.annotations['cdk8s-sysbox.io/cordoned']).toBe('true');
    const left = (await server.get('/api/v1/namespaces/inner/pods')).items.map(
      (pod: { metadata: { name: string } }) => pod.metadata.name,
    );
    expect(left.sort()).toEqual(['daemon', 'elsewhere']);

    const started = run('started.sh');
    expect(started).toMatchObject({ status: 0, stderr: '' });
    expect((await node()).spec.unschedulable).toBeUndefined();
    // the address of the pod that was here before is replaced
    expect((await node()).status.addresses).toEqual([{ type: 'InternalIP', address: '10.42.0.7' }]);
    expect((await node()).metadata.annotations ?? {}).not.toHaveProperty('cdk8s-sysbox.io/cordoned');
  }, 60_000);
});
