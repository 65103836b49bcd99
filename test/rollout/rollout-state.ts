import { KubeObject } from '../cluster/client';

/** One node's entry on the rollout's ConfigMap (slots.jq). */
export interface Slot {
  readonly state: 'held' | 'failed';
  readonly role: 'agent' | 'server';
  readonly revision: string;
  readonly beat: string;
  readonly reason: string;
}

/** What the rollout's ConfigMap holds. */
export interface RolloutState {
  readonly revision: string | undefined;
  readonly done: number;
  readonly nodes: number;
  readonly failed: string | undefined;
  readonly pending: string | undefined;
  readonly slots: Record<string, Slot>;
}

export type Annotations = Record<string, string>;

const ours = (key: string) => `cdk8s-sysbox.io/${key}`;

export function stateOf(annotations: Annotations = {}): RolloutState {
  const slots = Object.entries(annotations).filter(([key]) => key.endsWith('/slot'));
  return {
    revision: annotations[ours('revision')],
    done: Number(annotations[ours('done')] ?? 0),
    nodes: Number(annotations[ours('nodes')] ?? 0),
    failed: annotations[ours('failed')],
    pending: annotations[ours('pending')],
    slots: Object.fromEntries(slots.map(([key, value]) => [key.slice(0, -'/slot'.length), slotOf(value)])),
  };
}

function slotOf(text: string): Slot {
  const [state, role, revision, beat, ...reason] = text.split(' ');
  return { state, role, revision, beat, reason: reason.join(' ') } as Slot;
}

export function annotationsOf(state: Partial<RolloutState>): Annotations {
  const { slots = {}, ...notes } = state;
  const texts = Object.entries(slots).map(([name, { state, role, revision, beat, reason }]) => [
    `${name}/slot`,
    [state, role, revision, beat, reason].join(' ').trim(),
  ]);
  const ofRollout = Object.entries(notes).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...texts, ...ofRollout.map(([key, value]) => [ours(key), String(value)])]);
}

export const stateOfConfigMap = (configMap: KubeObject): RolloutState => stateOf(configMap.metadata.annotations);

/** Names of the nodes whose entries are in this state. */
export const namesIn = ({ slots }: RolloutState, state: Slot['state']): string[] =>
  Object.keys(slots).filter((name) => slots[name]?.state === state);
