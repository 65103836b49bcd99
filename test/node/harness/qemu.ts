// A virtual machine: a QEMU process over an overlay of a disk that is never written to.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { must } from './host';
import { guestAddress, hostAddress, Machine } from './machine';
import { accelerator } from './prerequisites';

/** QEMU 7.2 emulates cmpxchg16b with corrupted flags, and 5-level page tables cost time: both off under emulation. */
const cpu = { kvm: 'host', tcg: 'max,la57=off,cx16=off,svm=off' };

export class QemuMachine extends Machine {
  protected async launch(firstBootTar?: string): Promise<ChildProcess> {
    const { disk, name, lanPort } = this.options;
    const overlay = this.path('disk.qcow2');
    if (!existsSync(overlay)) {
      await must(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', disk.file, '-F', disk.format, overlay]);
    }
    const { ssh, api } = this.forwarded();
    const guestPorts = (this.options.guestPorts ?? []).map((port) => `,hostfwd=tcp:${guestAddress}:${port}-:${port}`);
    const forward = `hostfwd=tcp:127.0.0.1:${ssh}-:22,hostfwd=tcp:127.0.0.1:${api}-:6443${guestPorts.join('')}`;
    // A command for each connection: without one, QEMU would share a single connection among all of them.
    const hostPorts = (this.options.hostPorts ?? []).map(
      (port) => `,guestfwd=tcp:${hostAddress}:${port}-cmd:socat -lf /dev/null STDIO TCP4:127.0.0.1:${port}`,
    );
    const accel = accelerator() === 'kvm' ? 'kvm' : 'tcg';
    const args = [
      ...['-name', name, '-machine', 'pc', '-accel', accel === 'tcg' ? 'tcg,thread=multi' : 'kvm', '-cpu', cpu[accel]],
      ...['-smp', `${this.processors}`, '-m', `${this.options.memoryMiB ?? 4096}`],
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
    if (lanPort) {
      // The forwarded port is unique on this machine, so the card is on the segment.
      const mac = `52:54:00:00:${Buffer.from([ssh >> 8, ssh & 255])
        .toString('hex')
        .replace(/..(?=.)/, '$&:')}`;
      args.push('-netdev', `socket,id=lan,mcast=230.0.0.1:${lanPort},localaddr=127.0.0.1`);
      args.push('-device', `virtio-net-pci,netdev=lan,mac=${mac}`);
    }
    // A killed test run must not leave QEMU behind.
    return spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], { stdio: 'inherit' });
  }

  protected async copyDisk(file: string): Promise<void> {
    await must(['cp', '--sparse=always', this.path('disk.qcow2'), file]);
  }
}
