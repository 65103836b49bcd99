import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KubeObject } from '../cluster/client';
import { Annotations } from './rollout-state';

export const programDirectory = join(__dirname, '../../src/installer/node/pod');

export interface Seen {
  readonly at?: number;
  readonly facts?: Record<string, { what: unknown; since: number }>;
}

/** The arguments of one transition. */
export interface Transition {
  readonly act: 'acquire' | 'peers' | 'find' | 'forget' | 'count' | 'renew' | 'success' | 'failure' | 'unused';
  readonly argument?: string;
  readonly me: string;
  readonly role?: string;
  readonly revision: string;
  readonly concurrency: string;
  readonly budget: number;
  readonly selector?: Record<string, string>;
  readonly known?: 'none' | 'servers' | 'all';
  readonly nodes?: KubeObject[];
  readonly at?: number;
  readonly expiry?: number;
  readonly random?: number;
  readonly seen?: Seen;
  readonly annotations: Annotations;
  readonly version?: string;
}

export interface Outcome {
  readonly verdict: 'granted' | 'wait' | 'stopped' | 'ask' | 'held' | 'failed' | 'free';
  readonly role: string;
  readonly revision: string;
  readonly why: string;
  /** Seconds until the next look. */
  readonly pause: number;
  /** A node to look up. */
  readonly suspect: string | undefined;
  /** What is to be written; undefined when nothing is. */
  readonly annotations: Annotations | undefined;
  readonly seen: Seen;
}

const defaults = {
  argument: '',
  role: '-',
  selector: { 'sysbox-install': 'yes' },
  reset: 'kubectl reset',
  known: 'all',
  nodes: [],
  poll: 5,
  random: 32768,
  at: 0,
  expiry: 1200,
};

/** slots.jq as it is shipped, over a stream of transitions in one process: what slots.sh gives as arguments is in each case. */
const program = [
  ...['act', 'me', 'revision', 'concurrency', 'budget', 'seen', ...Object.keys(defaults)].map(
    (name) => `.${name} as $${name} |`,
  ),
  '.rollout | [',
  readFileSync(join(programDirectory, 'slots.jq'), 'utf8'),
  ']',
].join('\n');

function input({ annotations, version = '7', seen = {}, ...one }: Transition): string {
  const rollout = { metadata: { resourceVersion: version, annotations } };
  return JSON.stringify({ ...defaults, ...one, seen: [seen], rollout });
}

function outcome(line: string): Outcome {
  const [first, why, next, annotations, seen] = JSON.parse(line) as [string, string, string, string, string];
  const [verdict, role, revision] = first.split(' ') as [Outcome['verdict'], string, string];
  const [pause, suspect] = next.split(' ');
  return {
    verdict,
    role,
    revision,
    why,
    pause: Number(pause),
    suspect: suspect === '-' ? undefined : suspect,
    annotations: annotations === '-' ? undefined : JSON.parse(annotations),
    seen: JSON.parse(seen),
  };
}

/** One jq process that judges transitions one after another. */
export class Rules {
  private readonly child = spawn('jq', ['-c', '--unbuffered', program], { stdio: ['pipe', 'pipe', 'pipe'] });
  private readonly waiting: ((line: string) => void)[] = [];
  private error = '';

  constructor() {
    createInterface({ input: this.child.stdout }).on('line', (line) => this.waiting.shift()?.(line));
    this.child.stderr.on('data', (data) => (this.error += data));
    this.child.on('exit', () => this.waiting.splice(0).forEach((answer) => answer('')));
  }

  async judge(one: Transition): Promise<Outcome> {
    const line = await new Promise<string>((resolve) => {
      this.waiting.push(resolve);
      this.child.stdin.write(`${input(one)}\n`);
    });
    if (!line) throw new Error(`jq: ${this.error}`);
    return outcome(line);
  }

  stop(): void {
    this.child.stdin.end();
    this.child.kill();
  }
}

export interface SimpleNode {
  readonly name: string;
  readonly server?: boolean;
  readonly etcd?: boolean;
  readonly ready?: boolean;
  readonly voter?: boolean;
  readonly cordoned?: boolean;
  readonly kubelet?: string;
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
    spec: { ...(node.cordoned && { unschedulable: true }) },
    status: {
      nodeInfo: { kubeletVersion: node.kubelet ?? 'v1.36.2+k3s1' },
      conditions: [
        condition('MemoryPressure', false),
        condition('Ready', node.ready ?? true),
        ...(node.etcd ? [condition('EtcdIsVoter', node.voter ?? true)] : []),
      ],
    },
  };
}
