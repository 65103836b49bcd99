// One virtual machine: a QEMU process over an overlay of a disk that is never written to.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { must } from './host';
import { accelerator } from './prerequisites';
import type { Disk } from './rootDisk';

export interface MachineOptions {
  readonly name: string;
  readonly disk: Disk;
  /** Folder of this machine: overlay and console log. */
  readonly folder: string;
  /** @default 4096 */
  readonly memoryMiB?: number;
  /** @default 2 */
  readonly cpus?: number;
  /** A second network card on a segment shared by the machines that name the same port. */
  readonly lanPort?: number;
  /** Ports of this machine's loopback that the guest reaches at `hostAddress`, each under its own number. */
  readonly hostPorts?: readonly number[];
}

/** Where a guest finds this machine's `hostPorts`, and nothing else. */
export const hostAddress = '10.0.2.100';

/** QEMU 7.2 emulates cmpxchg16b with corrupted flags, and 5-level page tables cost time: both off under emulation. */
const cpu = { kvm: 'host', tcg: 'max,la57=off,cx16=off,svm=off' };

export class Machine {
  private process?: ChildProcess;
  private ports?: { ssh: number; api: number };

  constructor(private readonly options: MachineOptions) {}

  get sshPort(): number {
    return this.forwarded().ssh;
  }

  get apiPort(): number {
    return this.forwarded().api;
  }

  get running(): boolean {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** The end of what the kernel and systemd printed. */
  get console(): string {
    const log = this.path('console.log');
    return existsSync(log) ? readFileSync(log, 'utf8').slice(-4000) : '';
  }

  /** Starts the machine; `firstBootTar` is offered as a second disk. Its overlay is made on first use and then kept. */
  async start(firstBootTar?: string): Promise<void> {
    const { disk, folder, name } = this.options;
    mkdirSync(folder, { recursive: true });
    const overlay = this.path('disk.qcow2');
    if (!existsSync(overlay)) {
      await must(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', disk.file, '-F', disk.format, overlay]);
    }
    this.ports ??= { ssh: await freePort(), api: await freePort() };
    const forward = `hostfwd=tcp:127.0.0.1:${this.ports.ssh}-:22,hostfwd=tcp:127.0.0.1:${this.ports.api}-:6443`;
    // A command for each connection: without one, QEMU would share a single connection among all of them.
    const hostPorts = (this.options.hostPorts ?? []).map(
      (port) => `,guestfwd=tcp:${hostAddress}:${port}-cmd:socat -lf /dev/null STDIO TCP4:127.0.0.1:${port}`,
    );
    const accel = accelerator();
    const args = [
      ...['-name', name, '-machine', 'pc', '-accel', accel === 'tcg' ? 'tcg,thread=multi' : 'kvm', '-cpu', cpu[accel]],
      ...['-smp', `${this.options.cpus ?? 2}`, '-m', `${this.options.memoryMiB ?? 4096}`],
      ...['-kernel', disk.kernel, '-initrd', disk.initrd],
      '-append',
      `root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet panic=-1 systemd.hostname=${name} systemd.show_status=no`,
      // writeback honours the guest's flushes: what it fsynced outlives a killed QEMU, what it only wrote may not.
      ...['-drive', `file=${overlay},if=none,id=root,format=qcow2,cache=writeback,discard=unmap`],
      ...['-device', 'virtio-blk-pci,drive=root'],
      // restrict=on: the node reaches no registry, so every image and binary it runs is one that we put there.
      ...['-netdev', `user,id=net,restrict=on,${forward}${hostPorts.join('')}`, '-device', 'virtio-net-pci,netdev=net'],
      ...['-device', 'virtio-rng-pci', '-display', 'none', '-monitor', 'none'],
      ...['-serial', `file:${this.path('console.log')}`],
    ];
    if (firstBootTar) {
      args.push('-drive', `file=${firstBootTar},if=none,id=files,format=raw,readonly=on`);
      args.push('-device', 'virtio-blk-pci,drive=files');
    }
    if (this.options.lanPort) {
      // The forwarded port is unique on this machine, so the card is on the segment.
      const mac = `52:54:00:00:${Buffer.from([this.ports.ssh >> 8, this.ports.ssh & 255])
        .toString('hex')
        .replace(/..(?=.)/, '$&:')}`;
      args.push('-netdev', `socket,id=lan,mcast=230.0.0.1:${this.options.lanPort},localaddr=127.0.0.1`);
      args.push('-device', `virtio-net-pci,netdev=lan,mac=${mac}`);
    }
    // A killed test run must not leave QEMU behind.
    this.process = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], { stdio: 'inherit' });
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
    if (!this.running) return;
    const end = this.ended(30_000);
    this.process!.kill('SIGKILL');
    await end;
  }

  /** Turns what has been written so far into a disk of its own, for other machines to start from. */
  async saveDisk(file: string): Promise<void> {
    if (this.running) throw new Error('stop the machine before its disk is saved');
    await must(['cp', '--sparse=always', this.path('disk.qcow2'), file]);
  }

  remove(): void {
    rmSync(this.options.folder, { recursive: true, force: true });
  }

  private path(name: string): string {
    return join(this.options.folder, name);
  }

  private forwarded(): { ssh: number; api: number } {
    if (!this.ports) throw new Error('the machine was not started yet');
    return this.ports;
  }
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
