import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { etcd, kubeApiServer, Minor } from './build';
import { ApiError, ApplyOptions, Document, KubeClient, KubeObject } from './client';

export interface ApiServerOptions {
  readonly minor: Minor;
  readonly featureGates?: Record<string, boolean>;
  /** Further flags of the server. */
  readonly flags?: string[];
}

export interface TokenOptions {
  readonly serviceAccount: string;
  /** @default - `default` */
  readonly namespace?: string;
  /** The token is bound to a pod on this node, as a kubelet asks for it, and so names the node. */
  readonly node?: string;
  /** The spec of that pod. @default - one container, good for every Pod Security level */
  readonly podSpec?: KubeObject;
}

/**
 * A real kube-apiserver over a real etcd, on 127.0.0.1, used as a cluster's administrator.
 *
 * It is the API alone: no controller manager, scheduler or kubelet runs. So a DaemonSet makes no pods, nothing becomes
 * Ready, a deleted namespace stays Terminating, and what a namespace must have before pods can be made in it (its default
 * ServiceAccount) is made here.
 */
export class ApiServer extends KubeClient {
  /** For programs that are not this client. */
  readonly caFile: string;

  constructor(
    readonly minor: Minor,
    url: string,
    readonly adminToken: string,
    private readonly directory: string,
    private readonly processes: Process[],
  ) {
    const caFile = join(directory, 'apiserver.crt');
    super(url, readFileSync(caFile, 'utf8'), { token: adminToken });
    this.caFile = caFile;
  }

  async createNamespace(name: string, labels: Record<string, string> = {}): Promise<void> {
    await this.create('/api/v1/namespaces', { metadata: { name, labels } });
    await this.createServiceAccount(name, 'default');
  }

  async createServiceAccount(namespace: string, name: string): Promise<void> {
    await ifAbsent(this.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } }));
  }

  async createNode(name: string, node: { labels?: Record<string, string>; spec?: KubeObject } = {}): Promise<void> {
    const { labels, spec } = node;
    await ifAbsent(this.create('/api/v1/nodes', { metadata: { name, labels }, ...(spec && { spec }) }));
  }

  /** A real token of a ServiceAccount, from the TokenRequest API. */
  async tokenFor({ serviceAccount, namespace = 'default', node, podSpec }: TokenOptions): Promise<string> {
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const pod = node && (await this.createPodOn(node, namespace, serviceAccount, podSpec));
    const boundObjectRef = pod && { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid };
    const { status } = await this.create(`${accounts}/${serviceAccount}/token`, { spec: { boundObjectRef } });
    return status.token;
  }

  private async createPodOn(node: string, namespace: string, serviceAccount: string, podSpec: KubeObject = harmless) {
    await this.createNode(node);
    return this.create(`/api/v1/namespaces/${namespace}/pods`, {
      metadata: { generateName: 'token-holder-' },
      spec: { ...podSpec, serviceAccountName: serviceAccount, nodeName: node },
    });
  }

  /** What a node's kubelet may do, by the node authorizer and the NodeRestriction plugin. */
  kubelet(node: string): KubeClient {
    return this.as({ user: `system:node:${node}`, groups: ['system:nodes', 'system:authenticated'] });
  }

  protected override async applyOne(document: Document, options: ApplyOptions): Promise<KubeObject> {
    const applied = await super.applyOne(document, options);
    if (applied.kind === 'Namespace' && !options.dryRun)
      await this.createServiceAccount(applied.metadata.name, 'default');
    return applied;
  }

  /** The server's log, for a failure that its answer does not explain. */
  log(): string {
    return this.processes.map((process) => process.log()).join('\n');
  }

  async stop(): Promise<void> {
    this.close();
    await Promise.all(this.processes.map((process) => process.stop()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Builds what is missing (minutes, once), starts both programs and waits until the server is ready (seconds). */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const programs = { etcd: await etcd(), kubeApiServer: await kubeApiServer(options.minor) };
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(options, programs);
    } catch (error) {
      // Another program can take a port between the moment it was found free and its use.
      if (attempt === 3 || !/address already in use/.test(String(error))) throw error;
    }
  }
}

async function start(options: ApiServerOptions, programs: { etcd: string; kubeApiServer: string }): Promise<ApiServer> {
  const directory = mkdtempSync(join(tmpdir(), 'kube-apiserver-'));
  const [clientPort, peerPort, port] = await freePorts(3);
  const token = randomBytes(16).toString('hex');
  const processes: Process[] = [];
  try {
    processes.push(
      new Process(programs.etcd, join(directory, 'etcd.log'), [
        `--data-dir=${join(directory, 'etcd')}`,
        `--listen-client-urls=http://127.0.0.1:${clientPort}`,
        `--advertise-client-urls=http://127.0.0.1:${clientPort}`,
        `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
        `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
        '--unsafe-no-fsync',
      ]),
      new Process(programs.kubeApiServer, join(directory, 'kube-apiserver.log'), [
        `--etcd-servers=http://127.0.0.1:${clientPort}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        '--endpoint-reconciler-type=none',
        `--secure-port=${port}`,
        `--cert-dir=${directory}`,
        `--token-auth-file=${tokenFile(directory, token)}`,
        ...serviceAccountFlags(directory),
        '--service-cluster-ip-range=10.43.0.0/16',
        '--authorization-mode=Node,RBAC',
        '--enable-admission-plugins=NodeRestriction',
        '--allow-privileged=true',
        ...featureGateFlags(options.featureGates ?? {}),
        ...(options.flags ?? []),
      ]),
    );
    await ready(`https://127.0.0.1:${port}`, join(directory, 'apiserver.crt'), token, processes);
    const server = new ApiServer(options.minor, `https://127.0.0.1:${port}`, token, directory, processes);
    await eventually(() => server.createServiceAccount('default', 'default'), 30_000);
    return server;
  } catch (error) {
    await Promise.all(processes.map((process) => process.stop()));
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function tokenFile(directory: string, token: string): string {
  const file = join(directory, 'tokens.csv');
  writeFileSync(file, `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  return file;
}

function serviceAccountFlags(directory: string): string[] {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [key, pub] = [join(directory, 'service-account.key'), join(directory, 'service-account.pub')];
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(pub, publicKey.export({ type: 'spki', format: 'pem' }));
  return [
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${key}`,
    `--service-account-key-file=${pub}`,
  ];
}

function featureGateFlags(gates: Record<string, boolean>): string[] {
  const pairs = Object.entries(gates).map(([name, on]) => `${name}=${on}`);
  return pairs.length ? [`--feature-gates=${pairs.join(',')}`] : [];
}

/** Ready includes the bootstrap of RBAC and of the priority classes. */
async function ready(url: string, caFile: string, token: string, processes: Process[]): Promise<void> {
  await eventually(
    async () => {
      const dead = processes.find((process) => process.ended);
      if (dead) throw new Fatal(`${dead.program} ended immediately:\n${dead.log()}`);
      const client = new KubeClient(url, readFileSync(caFile, 'utf8'), { token });
      await client.request('GET', '/readyz').finally(() => client.close());
    },
    120_000,
    () => processes.map((process) => process.log()).join('\n'),
  );
}

/** A program that ends no later than this process does, whatever ends it. */
export class Process {
  private readonly child: ChildProcess;
  private readonly exit: Promise<void>;
  ended = false;

  constructor(
    readonly program: string,
    private readonly logFile: string,
    args: string[],
  ) {
    const log = openSync(logFile, 'w');
    const [command, ...rest] = [...dieWithParent(), program, ...args] as [string, ...string[]];
    this.child = spawn(command, rest, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.exit = new Promise((resolve) => {
      const end = () => {
        this.ended = true;
        resolve();
      };
      this.child.once('exit', end).once('error', end);
    });
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8').slice(-4000);
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exit;
  }
}

/** Jest can be killed, and tells no `exit` handler in a test: the kernel ends the servers then. */
function dieWithParent(): string[] {
  const prefix = ['setpriv', '--pdeathsig', 'KILL'];
  return spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0 ? prefix : [];
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map((server) => {
      const address = server.address();
      const port = address && typeof address === 'object' ? address.port : 0;
      return new Promise<number>((resolve) => server.close(() => resolve(port)));
    }),
  );
}

class Fatal extends Error {}

/** Repeats until it succeeds; the last error when it never does. */
export async function eventually<T>(attempt: () => Promise<T>, milliseconds = 30_000, also = () => ''): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof Fatal) throw error;
      if (Date.now() > end) throw new Error(`Not within ${milliseconds / 1000} s: ${error}\n${also()}`.trim());
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function ifAbsent(creation: Promise<unknown>): Promise<void> {
  await creation.catch((error) => {
    if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error;
  });
}

const harmless: KubeObject = {
  containers: [
    {
      name: 'token-holder',
      image: 'token-holder:1',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
};
