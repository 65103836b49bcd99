// The installer as a cluster sees it: applied from the constructs, and what it says of its node.
import { App, Chart, Duration, Yaml } from 'cdk8s';
import { SysboxRuntime, SystemDeployment, type SysboxInstallationProps } from '../../../src';
import type { Cluster, PodStatus } from './kubectl';
import type { Node } from './node';
import { waitFor, type WaitOptions } from './wait';

/** What the default app in examples/ has, or the same with other props of the installation. */
export function runtimeYaml(installation: SysboxInstallationProps = {}): string {
  const chart = new Chart(new App(), 'sysbox', { disableResourceNameHashes: true });
  new SysboxRuntime(chart, 'sysbox', { installation });
  return Yaml.stringify(...chart.toJson());
}

/** A system pod that is made again wherever it goes away. */
export function systemDeploymentYaml(name: string): string {
  const chart = new Chart(new App(), 'workload', { disableResourceNameHashes: true });
  new SystemDeployment(chart, 'deployment', {
    metadata: { name },
    podMetadata: { labels: { app: name } },
    replicas: 1,
    terminationGracePeriod: Duration.seconds(1),
    containers: [{ image: 'ubuntu:24.04', command: ['sleep', 'infinity'] }],
  });
  return Yaml.stringify(...chart.toJson());
}

/** What can be read off the node's object. */
export interface Said {
  readonly stage?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly revision?: string;
  /** Value of the label sysbox-runtime. */
  readonly label?: string;
  readonly tainted: boolean;
}

interface Pod {
  readonly metadata: { name: string; uid: string; labels: Record<string, string>; deletionTimestamp?: string };
  readonly status: PodStatus & { containerStatuses?: { ready: boolean; state: { running?: { startedAt: string } } }[] };
}

export const installerPods = ['pods', '-n', 'sysbox-system', '-l', 'app.kubernetes.io/name=sysbox-installer'];

export const minutes = (count: number, everyMs = 2_000): WaitOptions => ({ timeoutMs: count * 60_000, everyMs });

export class Installation {
  constructor(
    readonly node: Node,
    readonly cluster: Cluster,
  ) {}

  async apply(installation: SysboxInstallationProps = {}): Promise<void> {
    await this.cluster.kubectl(['label', 'node', this.node.name, 'sysbox-install=yes', '--overwrite']);
    await this.cluster.apply(runtimeYaml(installation));
  }

  async said(): Promise<Said> {
    const { metadata, spec } = await this.cluster.get<{
      metadata: Record<'labels' | 'annotations', Record<string, string>>;
      spec: { taints?: { key: string }[] };
    }>('node', this.node.name);
    const note = (key: string) => metadata.annotations[`cdk8s-sysbox.io/${key}`];
    return {
      ...{ stage: note('stage'), reason: note('reason'), message: note('message'), revision: note('revision') },
      label: metadata.labels['sysbox-runtime'],
      tainted: (spec.taints ?? []).some(({ key }) => key === 'sysbox-runtime'),
    };
  }

  /** Waits for a word of the installer about its node. */
  says(what: string, test: (said: Said) => boolean, options = minutes(20)): Promise<Said> {
    return waitFor(`the node says: ${what}`, options, async (last) => {
      const said = await this.said();
      last(JSON.stringify(said));
      return test(said) && said;
    });
  }

  /** Waits until the runtime is off the node, with its label and its taint. */
  removed(options = minutes(30)): Promise<Said> {
    return this.says('removed', ({ stage, label, tainted }) => stage === 'removed' && !label && !tainted, options);
  }

  /** Waits until a pod of the DaemonSet's newest template is Ready; one from before `since` does not count. */
  async ready(since = new Date(0), options = minutes(30)): Promise<void> {
    await waitFor('the installer is ready', options, async (last) => {
      const wanted = await this.wantedGeneration();
      const { items } = await this.cluster.get<{ items: Pod[] }>(...installerPods);
      const said = await this.said();
      last(JSON.stringify({ said, wanted, pods: items.map(({ metadata, status }) => ({ metadata, status })) }));
      const [pod, ...more] = items.filter(({ metadata }) => !metadata.deletionTimestamp);
      const container = pod?.status.containerStatuses?.[0];
      if (!pod || more.length > 0 || !container?.ready || !container.state.running) return false;
      const started = Date.parse(container.state.running.startedAt);
      const wholeSeconds = 1_000;
      return (
        started >= since.getTime() - wholeSeconds &&
        pod.metadata.labels['pod-template-generation'] === wanted &&
        said.stage === 'ready'
      );
    });
  }

  /** What the host's journal holds under a key; empty when there is none. */
  journal(key: string): Promise<string> {
    return this.node.run(`sed -n 's/^${key}=//p' /var/lib/cdk8s-sysbox/journal 2>/dev/null || true`);
  }

  /** Waits until the host program has been asked once more and has come to its end: a quarter of an hour after several failures. */
  async anotherRun(options = minutes(17)): Promise<void> {
    const run = () => this.node.run('jq -r .run /var/lib/cdk8s-sysbox/status.json');
    const before = await run();
    await waitFor('another run of the host program', options, async () => {
      const now = await run();
      return now !== before && (await this.node.exec('systemctl -q is-active cdk8s-sysbox-run')).code !== 0;
    });
  }

  /** Reasons of the Events about the node that the installer wrote, oldest first. */
  async events(): Promise<string[]> {
    const { items } = await this.cluster.get<{ items: { reason: string; reportingComponent: string }[] }>(
      ...['events', '-n', 'default', '--sort-by=.lastTimestamp'],
    );
    return items.filter((one) => one.reportingComponent === 'cdk8s-sysbox.io/installer').map(({ reason }) => reason);
  }

  /** The one pod of a Deployment, once it runs and is none of these. */
  async deploymentPod(name: string, not: readonly string[] = [], options = minutes(10)): Promise<string> {
    return waitFor(`a pod of ${name} runs`, options, async (last) => {
      const { items } = await this.cluster.get<{ items: Pod[] }>('pods', '-l', `app=${name}`);
      last(JSON.stringify(items.map(({ metadata, status }) => ({ metadata, status }))));
      const pod = items.find(
        ({ metadata, status }) =>
          !metadata.deletionTimestamp &&
          !not.includes(metadata.name) &&
          status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      );
      return pod?.metadata.name;
    });
  }

  /** The DaemonSet controller labels each pod with the generation of the template that it was made from. */
  private async wantedGeneration(): Promise<string> {
    const { metadata } = await this.cluster.get<{ metadata: { generation: number } }>(
      ...['daemonset', 'sysbox-installer', '-n', 'sysbox-system'],
    );
    return String(metadata.generation);
  }
}
