import { ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, Interface } from 'node:readline';
import { PodEnvironment } from './pod';
import { programDirectory } from './rules';

export interface NodeSettings {
  readonly revision: string;
  readonly concurrency: number;
  readonly budget: number;
  readonly expiry: number;
  /** Seconds by which this node's wall clock is wrong. */
  readonly skew: number;
  readonly shell: readonly string[];
}

/** One long-lived shell with the real coordination code (simulated-node.sh). */
export class SimulatedNode {
  private readonly child: ChildProcess;
  private readonly lines: Interface;
  private answer: ((line: string) => void) | undefined;
  private dead = false;

  constructor(pod: PodEnvironment, settings: NodeSettings) {
    const [command, ...args] = settings.shell as [string, ...string[]];
    // Another process of the same pod keeps nothing of what the earlier one had seen (coordinator.sh, main).
    rmSync(join(pod.SCRATCH, 'seen'), { force: true });
    mkdirSync(pod.SCRATCH, { recursive: true });
    this.child = spawn(command, [...args, join(__dirname, 'simulated-node.sh')], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {
        ...pod,
        PATH: `${join(__dirname, 'bin')}:${process.env.PATH}`,
        PROGRAMS: programDirectory,
        REVISION: settings.revision,
        NODE_SELECTOR: '{"sysbox-install":"yes"}',
        CONCURRENCY: String(settings.concurrency),
        FAILURE_BUDGET: String(settings.budget),
        SLOT_POLL: '5',
        DRY_RUN: 'false',
        SLOT_EXPIRY: String(settings.expiry),
        SKEW: String(settings.skew),
      },
    });
    this.child.stdin?.on('error', () => undefined);
    this.lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream });
    this.lines.on('line', (line) => this.answer?.(line));
    this.child.on('exit', () => {
      this.dead = true;
      this.answer?.('dead');
    });
  }

  /** One command at this node's own time; `dead` when the process ends before it answers. */
  ask(command: string, clock: number, argument = ''): Promise<string> {
    if (this.dead) return Promise.resolve('dead');
    return new Promise((resolve) => {
      this.answer = (line) => {
        this.answer = undefined;
        resolve(line);
      };
      this.child.stdin?.write(`${command} ${Math.floor(clock)} ${argument}\n`);
    });
  }

  /** As a node that loses power, or the kernel that needs memory. */
  async kill(): Promise<void> {
    if (this.dead) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }
}
