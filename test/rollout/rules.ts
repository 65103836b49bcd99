import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubeObject } from '../cluster/client';

export const programFolder = join(__dirname, '../../src/installer/node/pod');

export interface Holder {
  readonly role: 'agent' | 'server';
  readonly revision: string;
  readonly beat: number;
  readonly before?: string;
}

/** What the Lease holds (slots.jq). */
export interface RolloutState {
  readonly revision: string | null;
  readonly holders: Record<string, Holder>;
  readonly failed: Record<string, string>;
  readonly done: number;
  readonly serial: number;
}

export interface Seen {
  readonly at?: number;
  readonly holders?: Record<string, { beat: number; since: number }>;
}

/** The arguments of one transition. */
export interface Transition {
  readonly act: 'acquire' | 'find' | 'renew' | 'success' | 'failure' | 'unused';
  readonly me: string;
  readonly revision: string;
  readonly state: RolloutState | undefined;
  readonly concurrency: number;
  readonly budget: number;
  readonly nodes?: KubeObject[];
  readonly known?: 'none' | 'self' | 'all';
  readonly role?: string;
  readonly at?: number;
  readonly expiry?: number;
  readonly seen?: Seen;
  readonly selector?: Record<string, string>;
}

export interface Outcome {
  readonly verdict: 'granted' | 'wait' | 'stopped' | 'ask' | 'held' | 'failed' | 'free';
  readonly role: string;
  readonly revision: string;
  readonly why: string;
  /** The state after it; the one before when nothing is to be written. */
  readonly state: RolloutState | undefined;
  readonly seen: Seen;
}

const variables = [
  'act',
  'reason',
  'me',
  'role',
  'revision',
  'concurrency',
  'budget',
  'selector',
  'known',
  'nodes',
  'at',
];

/** slots.jq as it is shipped, over a stream of transitions in one process: what slots.sh gives as arguments is in each case. */
const program = [
  ...[...variables, 'expiry', 'seen'].map((name) => `.${name} as $${name} |`),
  '.lease | [',
  readFileSync(join(programFolder, 'slots.jq'), 'utf8'),
  ']',
].join('\n');

export function transitions(cases: readonly Transition[]): Outcome[] {
  const input = cases.map((one) =>
    JSON.stringify({
      reason: 'broke',
      role: '-',
      known: 'all',
      nodes: [],
      at: 0,
      expiry: 240,
      selector: { 'sysbox-install': 'yes' },
      ...one,
      seen: [one.seen ?? {}],
      lease: {
        metadata: { annotations: one.state ? { 'cdk8s-sysbox.io/rollout': JSON.stringify(one.state) } : undefined },
      },
    }),
  );
  const { status, stdout, stderr } = spawnSync('jq', ['-c', program], {
    input: input.join('\n'),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`jq: ${stderr}`);
  const lines = stdout.trim().split('\n');
  if (lines.length !== cases.length) throw new Error(`${cases.length} cases, ${lines.length} answers`);
  return lines.map((line, i) => outcome(JSON.parse(line), cases[i] as Transition));
}

function outcome([first, why, next, seen]: [string, string, string, string], { state }: Transition): Outcome {
  const [verdict, role, revision] = first.split(' ') as [Outcome['verdict'], string, string];
  return { verdict, role, revision, why, state: next === '-' ? state : JSON.parse(next), seen: JSON.parse(seen) };
}

export interface SimpleNode {
  readonly name: string;
  readonly server?: boolean;
  readonly etcd?: boolean;
  readonly ready?: boolean;
  readonly voter?: boolean;
  readonly labels?: Record<string, string>;
  readonly stage?: string;
  readonly revision?: string;
}

/** A Node object with what the rules look at, and what the API server adds to it. */
export function nodeObject(node: SimpleNode): KubeObject {
  const condition = (type: string, status: boolean) => ({ type, status: status ? 'True' : 'False' });
  return {
    metadata: {
      name: node.name,
      labels: {
        'kubernetes.io/hostname': node.name,
        'sysbox-install': 'yes',
        ...(node.server && { 'node-role.kubernetes.io/control-plane': 'true' }),
        ...(node.etcd && { 'node-role.kubernetes.io/etcd': 'true' }),
        ...node.labels,
      },
      annotations: {
        ...(node.stage && { 'cdk8s-sysbox.io/stage': node.stage }),
        ...(node.revision && { 'cdk8s-sysbox.io/revision': node.revision }),
      },
    },
    status: {
      conditions: [
        condition('MemoryPressure', false),
        condition('Ready', node.ready ?? true),
        ...(node.etcd ? [condition('EtcdIsVoter', node.voter ?? true)] : []),
      ],
    },
  };
}
