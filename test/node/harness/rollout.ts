// The state of a rollout, as the installers keep it in the annotations of one ConfigMap (slots.jq).
import type { Cluster } from './kubectl';
import { waitFor } from './wait';

export interface Rollout {
  /** Nodes that hold a restart slot. */
  readonly holders: readonly string[];
  /** Nodes that failed, with the reason. */
  readonly failed: Readonly<Record<string, string>>;
  readonly revision?: string;
  /** Nodes that run the revision. */
  readonly done: number;
  /** Nodes that are to run it. */
  readonly nodes: number;
}

export async function rollout(cluster: Cluster): Promise<Rollout> {
  const { metadata } = await cluster.get<{ metadata: { annotations?: Record<string, string> } }>(
    ...['configmap', 'cdk8s-sysbox-rollout', '-n', 'sysbox-system'],
  );
  const notes = metadata.annotations ?? {};
  const note = (key: string) => notes[`cdk8s-sysbox.io/${key}`];
  const slots = Object.entries(notes)
    .filter(([key]) => key.endsWith('/slot'))
    .map(([key, value]) => ({ node: key.replace(/\/slot$/, ''), state: value.split(' ') }));
  return {
    holders: slots.filter(({ state }) => state[0] === 'held').map(({ node }) => node),
    failed: Object.fromEntries(
      slots.filter(({ state }) => state[0] === 'failed').map(({ node, state }) => [node, state.slice(4).join(' ')]),
    ),
    revision: note('revision'),
    done: Number(note('done') ?? 0),
    nodes: Number(note('nodes') ?? 0),
  };
}

/** Looks four times a second until `end`, and resolves to what differed from the look before. */
export async function watchRollout(
  cluster: Cluster,
  end: (state: Rollout) => Promise<boolean>,
  timeoutMs = 60 * 60_000,
): Promise<Rollout[]> {
  const seen: Rollout[] = [];
  await waitFor('rollout', { timeoutMs, everyMs: 250 }, async (last) => {
    const state = await rollout(cluster);
    last(JSON.stringify(state));
    if (JSON.stringify(state) !== JSON.stringify(seen.at(-1))) seen.push(state);
    return end(state);
  });
  return seen;
}
