// The cluster seen from the machine that runs the tests: kubectl here is not slowed down by the node's emulation.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubectl as kubectlProgram } from './goPrograms';
import { must, run, type CommandOptions, type Result } from './host';
import type { Node } from './node';
import { waitFor } from './wait';

export interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { type: string; status: string; message?: string }[];
  readonly containerStatuses?: readonly { restartCount: number; state: Record<string, { reason?: string }> }[];
}

export class Cluster {
  /** Takes the admin kubeconfig of a server node. */
  static async of(server: Node): Promise<Cluster> {
    const text = await waitFor('kubeconfig', { timeoutMs: 10 * 60_000 }, () =>
      server.run('cat /etc/rancher/k3s/k3s.yaml'),
    );
    const file = join(server.directory, 'kubeconfig');
    writeFileSync(file, text.replace('127.0.0.1:6443', `127.0.0.1:${server.machine.apiPort}`), { mode: 0o600 });
    return new Cluster(await kubectlProgram(), file);
  }

  /** Takes a kubeconfig of this machine. */
  static async at(kubeconfig: string): Promise<Cluster> {
    return new Cluster(await kubectlProgram(), kubeconfig);
  }

  private constructor(
    private readonly program: string,
    readonly kubeconfig: string,
  ) {}

  kubectl(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return must(this.command(args), { timeoutMs: 120_000, ...options });
  }

  tryKubectl(args: readonly string[], options: CommandOptions = {}): Promise<Result> {
    return run(this.command(args), { timeoutMs: 120_000, ...options });
  }

  /** Server-side apply of YAML text, as a GitOps engine does; unknown fields are errors. */
  apply(yaml: string): Promise<string> {
    return this.kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], { stdin: yaml });
  }

  async get<T = Record<string, unknown>>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl(['get', '-o', 'json', ...args])) as T;
  }

  /** Waits until the node says itself that it is Ready: what the API server remembers from before `since` does not count. */
  async nodeReady(name: string, since: Date, timeoutMs = 15 * 60_000): Promise<void> {
    await waitFor(`node ${name} Ready`, { timeoutMs }, async (last) => {
      const path = '{.status.conditions[?(@.type=="Ready")]}';
      const text = await this.kubectl(['get', 'node', name, '-o', `jsonpath=${path}`]);
      last(text);
      const { status, lastHeartbeatTime } = JSON.parse(text) as { status: string; lastHeartbeatTime: string };
      return status === 'True' && Date.parse(lastHeartbeatTime) >= since.getTime() - 1_000; // whole seconds
    });
  }

  async nodeLabel(name: string, label: string, value: string, timeoutMs = 25 * 60_000): Promise<void> {
    await waitFor(`label ${label}=${value} on ${name}`, { timeoutMs }, async (last) => {
      const { metadata } = await this.get<{ metadata: Record<'labels' | 'annotations', Record<string, string>> }>(
        'node',
        name,
      );
      last(JSON.stringify(metadata));
      return metadata.labels[label] === value;
    });
  }

  /** Waits for a pod to run with all containers ready; the error shows its events. */
  async podRunning(name: string, namespace = 'default', timeoutMs = 10 * 60_000): Promise<void> {
    try {
      await waitFor(`pod ${namespace}/${name} ready`, { timeoutMs }, async (last) => {
        const { status } = await this.get<{ status: PodStatus }>('pod', name, '-n', namespace);
        last(JSON.stringify(status));
        return status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
      });
    } catch (error) {
      const events = await this.tryKubectl(['get', 'events', '-A', '--sort-by=.lastTimestamp']);
      throw new Error(`${error instanceof Error ? error.message : error}\n${events.stdout.slice(-4000)}`);
    }
  }

  /** Waits for the pods of a Deployment to be ready. */
  async deploymentAvailable(name: string, namespace = 'default', timeoutMs = 10 * 60_000): Promise<void> {
    const timeout = `--timeout=${timeoutMs / 1000}s`;
    await this.kubectl(['rollout', 'status', `deployment/${name}`, '-n', namespace, timeout], { timeoutMs });
  }

  /** @param pod a pod's name, or `deployment/` and a name for one of its pods */
  exec(pod: string, command: readonly string[], namespace = 'default'): Promise<string> {
    return this.kubectl(['exec', '-n', namespace, pod, '--', ...command]);
  }

  logs(pod: string, namespace = 'default'): Promise<string> {
    return this.kubectl(['logs', '-n', namespace, '--all-containers', '--prefix', pod]);
  }

  private command(args: readonly string[]): string[] {
    return [this.program, `--kubeconfig=${this.kubeconfig}`, ...args];
  }
}
