// What the probes of our pods start: each exec probe is run as it is in the manifest, by the shell of this machine, and the kernel
// counts its processes. The programs of images (docker, systemctl, kubectl) are stand-ins of one process each: the real ones start
// threads, and no process more. Left out is what the container engine itself starts to enter the container, runc and its init.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { App, Chart } from 'cdk8s';
import { Secret } from 'cdk8s-plus-30';
import {
  DevSandbox,
  DockerPod,
  EphemeralK3s,
  K3sCluster,
  SysboxRuntime,
  SystemdPod,
  SystemJob,
  SystemPod,
  K3sNode,
} from '../../src';
import { Manifest } from '../support/synth';
import { needTools } from './bench';

const pods: [string, (chart: Chart) => void][] = [
  ['DockerPod', (chart) => new DockerPod(chart, 'it')],
  [
    'DockerPod, engine as a sidecar',
    (chart) => new DockerPod(chart, 'it', { containers: [{ image: 'docker:29-cli' }] }),
  ],
  ['SystemdPod', (chart) => new SystemdPod(chart, 'it', { systemd: { container: { image: 'debian-systemd:13' } } })],
  [
    'DevSandbox',
    (chart) =>
      new DevSandbox(chart, 'it', { image: 'dev:1', authorizedKeys: Secret.fromSecretName(chart, 'keys', 'keys') }),
  ],
  ['K3sCluster, server and agent', (chart) => new K3sCluster(chart, 'it', { version: 'v1.36.2+k3s1', agents: 1 })],
  ['K3sNode before 1.33.1', (chart) => K3sNode.on(new SystemPod(chart, 'it', {}), { version: 'v1.32.9+k3s1' })],
  [
    'EphemeralK3s',
    (chart) =>
      EphemeralK3s.on(new SystemJob(chart, 'it', { containers: [{ image: 'a:1' }] }), { version: 'v1.37.0+k3s1' }),
  ],
  ['the installer', (chart) => new SysboxRuntime(chart, 'it')],
];

let root = '';
let socket: Server;
beforeAll(async () => {
  needTools('unshare');
  root = mkdtempSync(join(tmpdir(), 'probes-'));
  const file = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [name, answer] of [
    ['docker', '29.1'],
    ['systemctl', 'running'],
    ['kubectl', 'ok'],
  ]) {
    file(`bin/${name}`, `#!/bin/sh\necho ${answer}\n`);
    chmodSync(join(root, 'bin', name as string), 0o755);
  }
  for (const path of ['run/cdk8s-sysbox/started', 'tmp/ready', 'tmp/alive']) file(path, '');
  file('var/run/docker.pid', '1'); // in a PID namespace there is one
  file('proc/net/tcp', '  sl  local_address\n   0: 00000000:0016 00000000:0000 0A 00000000:00000000\n');
  socket = createServer();
  await new Promise<void>((resolve) => socket.listen(join(root, 'var/run/docker.sock'), resolve));
});
afterAll(() => {
  socket.close();
  rmSync(root, { recursive: true });
});

interface Row {
  readonly pod: string;
  readonly container: string;
  readonly probe: string;
  readonly period: number;
  readonly processes: number;
}

function rowsOf(pod: string, build: (chart: Chart) => void): Row[] {
  const chart = new Chart(new App(), 'probes', { namespace: 'demo' });
  build(chart);
  const objects: Manifest[] = chart.toJson();
  const specs = objects.flatMap(({ kind, spec }) =>
    kind === 'Pod' ? [spec] : spec?.template ? [spec.template.spec] : [],
  );
  return specs.flatMap((spec: Manifest) =>
    [...spec.containers, ...(spec.initContainers ?? [])].flatMap((container: Manifest) => {
      mountFiles(container, spec.volumes ?? [], objects);
      return ['startup', 'readiness', 'liveness'].flatMap((probe) => {
        const rendered = container[`${probe}Probe`];
        if (!rendered) return [];
        const processes = rendered.exec ? processesOf(rendered.exec.command, container) : 0;
        const { name } = container;
        return [{ pod, container: name, probe, period: rendered.periodSeconds ?? 10, processes }];
      });
    }),
  );
}

/** The programs, where the manifest has them. */
function mountFiles(container: Manifest, volumes: Manifest[], objects: Manifest[]): void {
  for (const { name, mountPath, subPath } of container.volumeMounts ?? []) {
    const configMap = volumes.find((volume) => volume.name === name)?.configMap?.name;
    if (!configMap || subPath) continue;
    const { data } = objects.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMap,
    ) as Manifest;
    rmSync(join(root, mountPath), { recursive: true, force: true });
    mkdirSync(join(root, mountPath), { recursive: true });
    for (const [file, text] of Object.entries(data)) writeFileSync(join(root, mountPath, file), text as string);
  }
}

/** Ends after the probe, with the number of process ids that it took. */
const COUNT =
  'read before </proc/sys/kernel/ns_last_pid; "$@" >&2 || exit 1; read after </proc/sys/kernel/ns_last_pid; echo $((after - before))';

function processesOf(command: string[], container: Manifest): number {
  const inRoot = command.map((word) => word.replace(/(^| |")(\/(?:opt|run|tmp)\/)/g, `$1${root}$2`));
  const variables = (container.env ?? []).map(({ name, value }: Manifest) => [name, value ?? '']);
  const env = {
    ...Object.fromEntries(variables),
    PATH: `${join(root, 'bin')}:${process.env.PATH}`,
    CDK8S_SYSBOX_ROOT: root,
  };
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '--non-interactive', '--preserve-env'];
  const words = [...asRoot, 'unshare', '--pid', '--fork', '--mount-proc', 'sh', '-c', COUNT, 'count', 'env', ...inRoot];
  const { status, stdout, stderr } = spawnSync(words[0] as string, words.slice(1), { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  return Number(stdout);
}

test('start as many processes as docs/reference/probes.md says', () => {
  const rows = pods.flatMap(([name, build]) => rowsOf(name, build));
  const lines = rows.map(({ pod, container, probe, period, processes }) => {
    const perMinute = probe === 'startup' ? 'until it succeeds' : String((processes * 60) / period);
    return [pod, container, probe, String(period), processes === 0 ? 'none' : String(processes), perMinute];
  });
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'reference', 'probes.md'), 'utf8');
  const table = [...page.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split('|').map((cell) => cell.trim()));

  // A server and an agent have the same probes.
  expect(table.slice(2)).toEqual([...new Map(lines.map((line) => [line.join(), line])).values()]);
});
