// How long the API server is away, seen by a client that asks twice a second.
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { parse } from 'yaml';
import type { Cluster } from './kubectl';

interface Kubeconfig {
  readonly clusters: readonly { cluster: { server: string; 'certificate-authority-data': string } }[];
  readonly users: readonly { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

const everyMs = 500;
/** Asked all the same while earlier questions hang: the time of an answer counts, not that of its question. */
const timeoutMs = 10_000;

export class ApiWatch {
  private readonly answers: number[] = [Date.now()];
  private readonly agent: Agent;
  private readonly timer: NodeJS.Timeout;
  private readonly url: string;

  constructor(cluster: Cluster) {
    const { clusters, users } = parse(readFileSync(cluster.kubeconfig, 'utf8')) as Kubeconfig;
    const decoded = (base64: string) => Buffer.from(base64, 'base64');
    this.agent = new Agent({
      keepAlive: true, // a key exchange takes long under emulation
      ca: decoded(clusters[0]!.cluster['certificate-authority-data']),
      cert: decoded(users[0]!.user['client-certificate-data']),
      key: decoded(users[0]!.user['client-key-data']),
    });
    this.url = `${clusters[0]!.cluster.server}/readyz`;
    this.timer = setInterval(() => this.ask(), everyMs);
  }

  /** The longest time between two answers, in seconds. */
  stop(): number {
    clearInterval(this.timer);
    this.agent.destroy();
    const answers = [...this.answers, Date.now()];
    return Math.max(...answers.slice(1).map((at, i) => at - answers[i]!)) / 1000;
  }

  private ask(): void {
    const request = get(this.url, { agent: this.agent, timeout: timeoutMs }, (response) => {
      response.resume().on('end', () => response.statusCode === 200 && this.answers.push(Date.now()));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => undefined); // away: what is measured
  }
}
