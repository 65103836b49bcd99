import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, eventually, freePorts, Process, startApiServer } from '../cluster/api-server';
import { cacheDirectory } from '../cluster/cache';
import { KubeObject } from '../cluster/client';
import { distObject, distText } from '../cluster/dist';
import { writeKubeconfig } from '../cluster/kubeconfig';
import { KUBE_STATE_METRICS, METRICS, RECORDED, recording } from './series';
import { buildTimeout } from './tools';

// The series of the alerts' tests, recorded from the real kube-state-metrics without any flag, at a real API server. No kubelet runs:
// the status of the pods is written as a kubelet writes it. RECORD=1 rewrites the recording.
//
// The program is not built here: go.mod of kube-state-metrics requires its tools, and the Go proxy does not have the module. A checkout
// of the release, `CGO_ENABLED=0 go build -mod=mod -o <cache>/kube-state-metrics-<version> .`, is compared with the recording.
const program = join(cacheDirectory(), `kube-state-metrics-${KUBE_STATE_METRICS}`);
const isThere = existsSync(program);
if (!isThere)
  console.warn(
    `NOT RUN: ${program} is not there, so the recorded series are not compared with a real kube-state-metrics.`,
  );

const { node, installer, pod, namespace } = RECORDED;

/** The lines of the metrics that are about the objects made here, without what differs in each run. */
function linesOf(scraped: string): string {
  const ours = new RegExp(`(pod="(${installer}|${pod})"|daemonset="sysbox-installer"|key="sysbox-runtime")`);
  return scraped
    .split('\n')
    .filter((line) => METRICS.some((metric) => line.startsWith(`${metric}{`)) && ours.test(line))
    .map((line) => line.replace(/(pod="([^"]+)".*?),uid="[^"]+"/, '$1,uid="$2"'))
    .sort()
    .join('\n')
    .concat('\n');
}

const status = (ip: string) => ({
  status: {
    phase: 'Running',
    hostIP: '10.0.0.1',
    hostIPs: [{ ip: '10.0.0.1' }],
    podIP: ip,
    podIPs: [{ ip }],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

/** The installer on one node, its pod, and a system pod there, on a node that is not live. */
async function fill(server: ApiServer): Promise<void> {
  await server.apply(distText);
  const daemonSet = distObject('DaemonSet');
  const home = daemonSet.metadata.namespace;
  const [{ metadata }] = (await server.apply(JSON.stringify(daemonSet))) as [KubeObject];
  const taint = { key: 'sysbox-runtime', value: 'not-running', effect: 'NoSchedule' };
  await server.createNode(node, { labels: { 'sysbox-runtime': 'running' }, spec: { taints: [taint] } });
  await server.patch(`/apis/apps/v1/namespaces/${home}/daemonsets/${metadata.name}/status`, {
    status: { desiredNumberScheduled: 10, currentNumberScheduled: 10, numberReady: 3, numberMisscheduled: 0 },
  });
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: metadata.name, uid: metadata.uid, controller: true };
  await server.create(`/api/v1/namespaces/${home}/pods`, {
    metadata: { name: installer, ownerReferences: [owner] },
    spec: { ...daemonSet.spec.template.spec, nodeName: node, tolerations: [{ operator: 'Exists' }] },
  });
  await server.createNamespace(namespace);
  await server.create(`/api/v1/namespaces/${namespace}/pods`, {
    metadata: {
      name: pod,
      ownerReferences: [{ ...owner, apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'runner-1' }],
    },
    spec: {
      runtimeClassName: 'sysbox-runc',
      hostUsers: false,
      nodeName: node,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'main', image: 'ubuntu:24.04' }],
    },
  });
  await server.patch(`/api/v1/namespaces/${home}/pods/${installer}/status`, status('10.42.0.2'));
  await server.patch(`/api/v1/namespaces/${namespace}/pods/${pod}/status`, status('10.42.0.3'));
}

test('the recording has every metric that the alerts read', () => {
  const lines = readFileSync(recording, 'utf8').split('\n');
  expect(METRICS.filter((metric) => !lines.some((line) => line.startsWith(`${metric}{`)))).toEqual([]);
});

(isThere ? test : test.skip)(
  `kube-state-metrics ${KUBE_STATE_METRICS} gives the recorded series`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kube-state-metrics-'));
    const server = await startApiServer({ minor: '1.37' });
    const [port, telemetry] = await freePorts(2);
    const kubeconfig = writeKubeconfig(join(directory, 'kubeconfig'), server);
    const addresses = [
      '--host=127.0.0.1',
      `--port=${port}`,
      '--telemetry-host=127.0.0.1',
      `--telemetry-port=${telemetry}`,
    ];
    await fill(server);
    const metrics = new Process(program, join(directory, 'log'), [`--kubeconfig=${kubeconfig}`, ...addresses]);
    try {
      const lines = await eventually(
        async () => {
          const scraped = linesOf(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
          if (!METRICS.every((metric) => scraped.includes(`${metric}{`))) throw new Error(`only:\n${scraped}`);
          return scraped;
        },
        60_000,
        () => metrics.log(),
      );
      if (process.env.RECORD) writeFileSync(recording, lines);
      expect(lines).toBe(readFileSync(recording, 'utf8'));
    } finally {
      await metrics.stop();
      await server.stop();
      rmSync(directory, { recursive: true });
    }
  },
  buildTimeout,
);
