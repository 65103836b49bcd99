// What is shown of each engine that is a service of its own, on one node, one after the other: dist/ installed, what runs
// then, a second run, the uninstall.
import { App, Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { DockerPod, SysboxSource, SystemPod, type SystemPodProps } from '../../../src';
import { installerPods, minutes } from '../harness/installation';
import { distFiles, yamlOf } from '../harness/manifests';
import { difference, snapshot } from '../harness/snapshot';
import { innerArchive, innerImageName, systemImageName } from '../harness/systemImages';
import { waitFor } from '../harness/wait';
import { IMAGE, type EngineNode } from './engineNode';

/** @param handlers the names of the runtimes that the engine has, from its own merged configuration */
export function chapters(at: EngineNode, handlers: () => Promise<string[]>): void {
  let handlersBefore: string[];
  let kubelet: string;
  let plainProcess: string;

  at.chapter('dist/ is installed with one restart of the engine alone, which plain pods run through', async () => {
    await at.noteFiles();
    handlersBefore = await handlers();
    kubelet = await at.node.invocationId('kubelet');
    plainProcess = await at.process('before');
    const starts = await at.node.starts(at.engine.unit);
    await at.cluster.kubectl(['label', 'node', at.node.name, 'sysbox-install=yes']);
    await at.step('dist/ applied', async () => {
      for (const text of distFiles()) await at.cluster.apply(text);
    });
    await at.step('node labelled sysbox-runtime=running', () =>
      at.cluster.nodeLabel(at.node.name, 'sysbox-runtime', 'running', 15 * 60_000),
    );
    expect(await at.node.starts(at.engine.unit)).toBe(starts + 1);
    await expectUndisturbed();
    expect((await handlers()).sort()).toEqual([...handlersBefore, 'sysbox-runc'].sort());
    expect(await handlersOfTheNode()).toMatchObject({ 'sysbox-runc': { userNamespaces: true } });
  });

  at.chapter("the article's pod has sysboxfs under /proc, and its root is not the node's", async () => {
    await at.step('Deployment ubuntu available', () => at.cluster.deploymentAvailable('ubuntu', 'sysbox-demo'));
    const inside = (path: string) => at.cluster.exec('deployment/ubuntu', ['cat', path], 'sysbox-demo');
    expect(await inside('/proc/1/mounts')).toMatch(/^sysboxfs \/proc\/uptime fuse/m);
    const [root, outside, length] = (await inside('/proc/1/uid_map')).trim().split(/\s+/).map(Number);
    expect(root).toBe(0);
    expect(outside).toBeGreaterThanOrEqual(65_536);
    expect(length).toBeGreaterThanOrEqual(65_536);
  });

  at.chapter("a system pod's limits of CPU and memory hold", async () => {
    await at.cluster.apply(limited('limited', ['sleep', 'infinity']));
    await at.cluster.podRunning('limited');
    const group = await at.controlGroup('limited');
    expect(group).toContain('/kubepods');
    expect(await at.node.run(`cat ${group}/memory.max ${group}/cpu.max`)).toBe(`${64 * 1024 * 1024}\n20000 100000`);

    const used = async () => Number(/^usage_usec (\d+)/m.exec(await at.node.run(`cat ${group}/cpu.stat`))![1]);
    const before = await used();
    await at.cluster.exec('limited', ['sh', '-c', 'timeout 10 sh -c "while :; do :; done" || true']);
    const seconds = ((await used()) - before) / 1_000_000;
    process.stdout.write(`  ten seconds of work, limited to 0.2 processors, took ${seconds.toFixed(1)} s of one\n`);
    expect(seconds).toBeGreaterThan(1);
    expect(seconds).toBeLessThan(4);

    await at.cluster.apply(limited('greedy', ['tail', '/dev/zero'], kplus.RestartPolicy.NEVER));
    const { reason, exitCode, containerID } = await waitFor('it is killed', minutes(5), async (last) => {
      const { status } = await at.cluster.get<PodWithEnd>('pod', 'greedy');
      last(JSON.stringify(status));
      return status.containerStatuses?.[0]?.state.terminated;
    });
    expect({ reason, exitCode }).toEqual({ reason: at.engine.killedForMemory, exitCode: 137 });
    const kernel = await at.node.run("journalctl -k -o cat | grep '^oom-kill:'");
    expect(kernel).toContain(containerID.replace(/.*:\/\//, ''));
    await at.cluster.kubectl(['delete', 'pod', 'limited', 'greedy'], { timeoutMs: 5 * 60_000 });
  });

  at.chapter('a DockerPod runs a container', async () => {
    const chart = new Chart(new App(), 'docker', { disableResourceNameHashes: true });
    const docker = { container: { image: systemImageName }, startTimeout: Duration.minutes(15) };
    new DockerPod(chart, 'pod', { metadata: { name: 'docker' }, docker });
    await at.cluster.apply(yamlOf(chart));
    await at.step('DockerPod Ready', () => at.cluster.podRunning('docker', 'default', 15 * 60_000));
    const exec = (...command: string[]) =>
      at.cluster.kubectl(['exec', 'docker', '--', 'docker', ...command], { timeoutMs: 10 * 60_000 });
    await at.step('docker load', () => exec('load', '--input', innerArchive));
    const words = ['sh', '-c', 'echo "words of $(hostname)"'];
    expect(await at.step('docker run', () => exec('run', '--rm', innerImageName, ...words))).toMatch(
      /^words of [0-9a-f]{12}\n/,
    );
    expect(await exec('info', '--format', '{{.Driver}} {{.CgroupVersion}}')).toBe('overlay2 2\n');
    await at.cluster.kubectl(['delete', 'pod', 'docker'], { timeoutMs: 5 * 60_000 });
  });

  at.chapter('a second run restarts nothing', async () => {
    const invocation = await at.node.invocationId(at.engine.unit);
    const since = new Date();
    await at.cluster.kubectl(['delete', ...installerPods, '--wait=true'], { timeoutMs: 5 * 60_000 });
    await at.step('another installer pod is ready', () => at.installation.ready(since));
    expect(await at.node.invocationId(at.engine.unit)).toBe(invocation);
    await expectUndisturbed();
  });

  at.chapter('an uninstall leaves files, units and the node as they were', async () => {
    const starts = await at.node.starts(at.engine.unit);
    const image = await at.cluster.kubectl([
      ...['get', 'daemonset', 'sysbox-installer', '-n', 'sysbox-system'],
      ...['-o', 'jsonpath={.spec.template.spec.containers[0].image}'],
    ]);
    await at.installation.apply({ source: SysboxSource.image(image), uninstall: true });
    await at.step('uninstalled', () => at.installation.removed());
    expect(await at.node.starts(at.engine.unit)).toBe(starts + 1);
    await expectUndisturbed();
    expect((await handlers()).sort()).toEqual(handlersBefore.sort());
    const after = await at.step('files and units compared', () => snapshot(at.node));
    expect(difference(at.before, after)).toEqual({ added: [], removed: [], changed: [] });
  });

  /** Neither the kubelet, where it is a unit of its own, nor the container of a plain pod was started again. */
  async function expectUndisturbed(): Promise<void> {
    expect(await at.node.invocationId('kubelet')).toBe(kubelet);
    expect(await at.process('before')).toBe(plainProcess);
    expect(await at.cluster.exec('before', ['echo', 'reached'])).toBe('reached\n');
  }

  async function handlersOfTheNode(): Promise<Record<string, object>> {
    const { status } = await at.cluster.get<{ status: { runtimeHandlers: { name: string; features: object }[] } }>(
      ...['node', at.node.name],
    );
    return Object.fromEntries(status.runtimeHandlers.map(({ name, features }) => [name, features]));
  }
}

interface TerminatedState {
  readonly reason: string;
  readonly exitCode: number;
  readonly containerID: string;
}

interface PodWithEnd {
  readonly status: { containerStatuses?: { state: { terminated?: TerminatedState } }[] };
}

function limited(name: string, command: string[], restartPolicy?: SystemPodProps['restartPolicy']): string {
  const chart = new Chart(new App(), name, { disableResourceNameHashes: true });
  const resources = {
    cpu: { limit: kplus.Cpu.millis(200) },
    memory: { limit: Size.mebibytes(64) },
  };
  new SystemPod(chart, 'pod', {
    ...{ metadata: { name }, restartPolicy, terminationGracePeriod: Duration.seconds(1) },
    containers: [{ name, image: IMAGE, command, resources }],
  });
  return yamlOf(chart);
}
