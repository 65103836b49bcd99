// A machine that a node runs on, whichever way: its process, its power, its console, its ports.
import { type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { must, run } from './host';
import { accelerator } from './prerequisites';
import type { Disk } from './rootDisk';

export interface MachineOptions {
  readonly name: string;
  readonly disk: Disk;
  /** Directory of this machine: its own disk and the console's log. */
  readonly directory: string;
  /** @default 4096 */
  readonly memoryMiB?: number;
  /** @default CDK8S_SYSBOX_CPUS, or 2 */
  readonly cpus?: number;
  /** A second network card on a segment shared by the machines that name the same port. */
  readonly lanPort?: number;
  /** Ports of this machine's loopback that the guest reaches at `hostAddress`, each under its own number. */
  readonly hostPorts?: readonly number[];
  /** Ports of the guest that this machine reaches at `guestAddress`, each under its own number; of one guest at a time. */
  readonly guestPorts?: readonly number[];
}

/** Where a guest finds this machine's `hostPorts`, and nothing else. */
export const hostAddress = '10.0.2.100';

/** The guest's own address, by which this machine reaches its `guestPorts`. */
export const guestAddress = '10.0.2.15';

/** The guest's name of its card on the shared segment. */
export const lanCard = () => (accelerator() === 'uml' ? 'vec1' : 'eth1');

export abstract class Machine {
  protected process?: ChildProcess;
  protected ports?: { ssh: number; api: number };

  constructor(protected readonly options: MachineOptions) {}

  get sshPort(): number {
    return this.forwarded().ssh;
  }

  get apiPort(): number {
    return this.forwarded().api;
  }

  protected get processors(): number {
    return this.options.cpus ?? Number(process.env.CDK8S_SYSBOX_CPUS ?? 2);
  }

  get running(): boolean {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** The end of what the kernel and systemd printed. */
  get console(): string {
    const log = this.path('console.log');
    return existsSync(log) ? readFileSync(log, 'utf8').slice(-4000) : '';
  }

  /** Starts the machine; `firstBootTar` is offered as a second disk. Its own disk is made on first use and then kept. */
  async start(firstBootTar?: string): Promise<void> {
    mkdirSync(this.options.directory, { recursive: true });
    this.ports ??= { ssh: await freePort(), api: await freePort() };
    if (this.options.guestPorts) await must(['ip', 'address', 'replace', `${guestAddress}/32`, 'dev', 'lo']);
    this.process = await this.launch(firstBootTar);
  }

  /** Resolves when the machine has switched itself off. */
  async ended(timeoutMs: number): Promise<void> {
    if (!this.running) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`still on after ${timeoutMs / 1000} s`)), timeoutMs);
      this.process!.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** A power cut. */
  async kill(): Promise<void> {
    if (this.running) {
      const end = this.ended(30_000);
      this.process!.kill('SIGKILL');
      await end;
    }
    if (this.options.guestPorts) await run(['ip', 'address', 'delete', `${guestAddress}/32`, 'dev', 'lo']);
  }

  /** Turns what has been written so far into a disk of its own in `directory`, which is where `savedDisk` finds it. */
  async saveDisk(directory: string): Promise<void> {
    if (this.running) throw new Error('stop the machine before its disk is saved');
    await this.copyDisk(join(directory, savedName));
  }

  remove(): void {
    rmSync(this.options.directory, { recursive: true, force: true });
  }

  protected abstract launch(firstBootTar?: string): Promise<ChildProcess>;
  protected abstract copyDisk(file: string): Promise<void>;

  protected path(name: string): string {
    return join(this.options.directory, name);
  }

  protected forwarded(): { ssh: number; api: number } {
    if (!this.ports) throw new Error('the machine was not started yet');
    return this.ports;
  }
}

const savedName = 'disk';

/** What `saveDisk` has put into `directory`. `from` is the disk that the machine began with. */
export function savedDisk(from: Disk, directory: string): Disk {
  return { ...from, file: join(directory, savedName), format: accelerator() === 'uml' ? 'raw' : 'qcow2' };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
