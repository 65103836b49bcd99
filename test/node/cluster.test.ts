// The whole life of a cluster of one server and two agents: first installation, changes of settings, an upgrade of Sysbox, the
// uninstall. What each of them costs is counted: restarts of K3s, and the order of the nodes.
import { Duration } from 'cdk8s';
import { SysboxSource, type SysboxInstallationProps } from '../../src';
import { containerdRuntimes } from './harness/containerd';
import { diagnose } from './harness/diagnosis';
import { installerImage } from './harness/images';
import { runtimeYaml, systemDeploymentYaml } from './harness/installation';
import { LanCluster, type Member } from './harness/lanCluster';
import { distImages } from './harness/manifests';
import { nextRelease } from './harness/nextRelease';
import { platform } from './harness/platform';
import { watchRollout, type Rollout } from './harness/rollout';
import { difference, snapshot, type Snapshot } from './harness/snapshot';
import { Steps } from './harness/steps';
import { waitFor } from './harness/wait';

jest.setTimeout(120 * 60_000);

const steps = new Steps('A server and two agents: install, changes, upgrade, uninstall');
const NEXT_IMAGE = 'registry.nestybox.com/nestybox/sysbox-deploy-k8s:v0.7.2-0';
/** The installation as it is from one chapter to the next. */
let props: SysboxInstallationProps = {};
let lan: LanCluster;
let nextImage: string;
const before = new Map<string, Snapshot>();
let broken = false;

const containerdDirectory = ({ dataDir }: Member) => `${dataDir}/agent/etc/containerd`;

beforeAll(async () => {
  const built = await platform(distImages());
  nextImage = await installerImage(NEXT_IMAGE, await nextRelease(built.sysboxDir));
  lan = await LanCluster.create(built, ['agent-1', 'agent-2'], steps);
  for (const member of lan.members)
    before.set(member.node.name, await snapshot(member.node, containerdDirectory(member)));
});

afterAll(async () => {
  steps.print();
  await lan?.dispose();
});

/** Runs a chapter; when it fails, prints what the nodes say, and the ones after it fail immediately. */
function chapter(name: string, act: () => Promise<void>): void {
  test(name, async () => {
    if (broken) throw new Error('an earlier chapter has failed');
    try {
      await act();
    } catch (error) {
      broken = true;
      for (const { node } of lan.members) process.stdout.write(`${await diagnose(node, lan.cluster)}\n`);
      throw error;
    }
  });
}

/** What a chapter cost. */
interface Cost {
  /** What the rollout's state was, one entry for each change of it. */
  readonly seen: readonly Rollout[];
  /** Starts of K3s, by node. */
  readonly starts: Readonly<Record<string, number>>;
}

/** Applies the installation with other props, and waits until all nodes are in the stage that follows, and nobody holds a slot. */
async function rolledOut(what: string, change: SysboxInstallationProps, stage = 'ready'): Promise<Cost> {
  props = { ...props, ...change };
  const startsBefore = await starts();
  const revisions = await annotation('revision');
  const seen = await steps.step(what, async () => {
    await lan.cluster.apply(runtimeYaml(props));
    return watchRollout(lan.cluster, async ({ holders }) => {
      const [now, stages] = [await annotation('revision'), await annotation('stage')];
      const [wanted] = Object.values(now);
      return (
        holders.length === 0 &&
        Object.values(stages).every((one) => one === stage) &&
        Object.entries(now).every(([node, revision]) => revision === wanted && revision !== revisions[node])
      );
    });
  });
  const startsAfter = await starts();
  const cost = Object.fromEntries(
    Object.entries(startsAfter).map(([node, count]) => [node, count - startsBefore[node]!]),
  );
  const turns = seen.map(({ holders, done, nodes }) => `  [${holders}] done ${done} of ${nodes}`);
  process.stdout.write(`${[...new Set(turns)].join('\n')}\n  starts of K3s: ${JSON.stringify(cost)}\n`);
  return { seen, starts: cost };
}

async function starts(): Promise<Record<string, number>> {
  return Object.fromEntries(
    await Promise.all(lan.members.map(async ({ node, unit }) => [node.name, await node.starts(unit)])),
  );
}

async function annotation(key: string): Promise<Record<string, string | undefined>> {
  const { items } = await lan.cluster.get<{
    items: { metadata: { name: string; annotations: Record<string, string> } }[];
  }>('nodes');
  return Object.fromEntries(
    items.map(({ metadata }) => [metadata.name, metadata.annotations[`cdk8s-sysbox.io/${key}`]]),
  );
}

/** The nodes in the order in which they got the slot. */
const turns = (seen: readonly Rollout[]) => [...new Set(seen.flatMap(({ holders }) => holders))];

const everyNode = (count: number) => Object.fromEntries(lan.members.map(({ node }) => [node.name, count]));

const systemPodRuns = () => lan.cluster.deploymentAvailable('sandbox', 'default', 20 * 60_000);

chapter('the first installation: one agent, the other one, the server; each K3s is restarted once', async () => {
  const { seen, starts } = await rolledOut('installed on three nodes', { rollout: { deadline: Duration.minutes(15) } });
  expect(starts).toEqual(everyNode(1));
  expect(seen.every(({ holders, failed }) => holders.length <= 1 && Object.keys(failed).length === 0)).toBe(true);
  expect(turns(seen)).toHaveLength(3);
  expect(turns(seen).at(-1)).toBe('server');
  for (const { node, dataDir } of lan.members) {
    expect((await containerdRuntimes(node, dataDir))['sysbox-runc']).toMatchObject({
      options: { SystemdCgroup: true },
    });
  }
  await lan.cluster.apply(systemDeploymentYaml('sandbox'));
  await lan.cluster.kubectl(['scale', 'deployment', 'sandbox', '--replicas=3']);
  await steps.step('three system pods run', systemPodRuns);
});

chapter('a setting of the rollout alone restarts nothing and evicts nobody', async () => {
  const pods = await podNames();
  const { starts } = await rolledOut('another deadline', { rollout: { deadline: Duration.minutes(16) } });
  expect(starts).toEqual(everyNode(0));
  expect(await podNames()).toEqual(pods);
});

chapter('other arguments of the daemons: every node is drained once, and no K3s is restarted', async () => {
  const { seen, starts } = await rolledOut('sysbox-mgr with another log level', {
    daemons: { managerArgs: ['--disable-inner-image-preload', '--log-level=debug'] },
  });
  expect(starts).toEqual(everyNode(0));
  expect(turns(seen).at(-1)).toBe('server');
  for (const { node } of lan.members) {
    const args = await node.run("tr '\\0' ' ' </proc/$(systemctl show -p MainPID --value sysbox-mgr)/cmdline");
    expect(args).toContain('--log-level=debug');
  }
  await steps.step('three system pods run again', systemPodRuns);
});

chapter('an upgrade of Sysbox: every node is drained once, and no K3s is restarted', async () => {
  await steps.step('image of the next release imported', () =>
    Promise.all(
      lan.members.map(async ({ node, dataDir }) => {
        await node.put('/var/tmp/next.tar', { from: nextImage });
        const ctr = `K3S_DATA_DIR=${dataDir} k3s ctr -n k8s.io`;
        await node.run(`${ctr} images import /var/tmp/next.tar && rm /var/tmp/next.tar`, {
          timeoutMs: 30 * 60_000,
        });
      }),
    ),
  );
  const { seen, starts } = await rolledOut('Sysbox upgraded', { source: SysboxSource.image(NEXT_IMAGE) });
  expect(starts).toEqual(everyNode(0));
  expect(turns(seen).at(-1)).toBe('server');
  const releases = await Promise.all(lan.members.map(({ node }) => node.run('readlink /opt/sysbox/current')));
  expect(new Set(releases).size).toBe(1);
  await steps.step('three system pods run on the new release', systemPodRuns);
});

chapter('the uninstall: each K3s is restarted once, the server last, and each node is as it was before', async () => {
  await lan.cluster.kubectl(['delete', 'deployment', 'sandbox', '--cascade=foreground'], { timeoutMs: 10 * 60_000 });
  const { seen, starts } = await rolledOut('uninstalled', { uninstall: true }, 'removed');
  expect(starts).toEqual(everyNode(1));
  expect(turns(seen).at(-1)).toBe('server');
  for (const member of lan.members) {
    await waitFor('the node is Ready', { timeoutMs: 10 * 60_000 }, () =>
      lan.cluster.nodeReady(member.node.name, new Date()).then(() => true),
    );
    const after = await snapshot(member.node, containerdDirectory(member));
    expect(difference(before.get(member.node.name)!, after)).toEqual({ added: [], removed: [], changed: [] });
  }
});

async function podNames(): Promise<string[]> {
  const { items } = await lan.cluster.get<{ items: { metadata: { name: string } }[] }>('pods', '-l', 'app=sandbox');
  return items.map(({ metadata }) => metadata.name).sort();
}
