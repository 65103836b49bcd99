// A machine in user mode: a Linux kernel of its own that runs as a process of this machine (umlKernel.ts), its programs at
// this processor's own speed, without hardware virtualization. Its network is a namespace from which no way leads on.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { must, run } from './host';
import { guestAddress, hostAddress, Machine } from './machine';

const gate = '10.0.2.2';

/** Memory is a file that UML maps: on a tmpfs of its own, which goes with the machine. */
const boot = `set -eu
mount --make-rprivate /
mount -t tmpfs -o size=100% tmpfs /mnt
export TMPDIR=/mnt
exec "$@"
`;

export class UmlMachine extends Machine {
  private readonly relays: ChildProcess[] = [];

  override async kill(): Promise<void> {
    await super.kill();
    await this.unplug();
  }

  protected async launch(firstBootTar?: string): Promise<ChildProcess> {
    const { disk, name, memoryMiB } = this.options;
    const own = this.path('disk.raw');
    if (!existsSync(own)) await must(['cp', '--sparse=always', disk.file, own]);
    // Each page of a process can be a mapping of this machine. With the default of 65530, a K3s of more than 250 MiB loses pages
    // and its threads fault on them for ever.
    writeFileSync('/proc/sys/vm/max_map_count', '1048576');
    await this.unplug();
    const cards = await this.plug();
    const log = openSync(this.path('console.log'), 'a');
    const args = [
      ...[disk.kernel, `mem=${memoryMiB ?? 4096}M`, `ncpus=${this.processors}`, 'seccomp=on'],
      ...[`ubd0=${own}`, ...(firstBootTar ? [`ubd1r=${firstBootTar}`] : []), 'root=/dev/ubda', 'rw'],
      ...['con=null', 'con0=null,fd:1', ...cards.map((card, i) => `vec${i}:transport=raw,ifname=${card},depth=128`)],
      ...['net.ifnames=0', 'quiet', 'panic=-1', `systemd.hostname=${name}`, 'systemd.show_status=no'],
    ];
    // In namespaces that end with their first process: a killed machine leaves no process behind.
    const inside = ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', boot, 'sh', ...args];
    const command = ['--pdeathsig', 'KILL', 'ip', 'netns', 'exec', this.namespace, ...inside];
    const child = spawn('setpriv', command, { stdio: ['ignore', log, log] });
    closeSync(log);
    return child;
  }

  protected async copyDisk(file: string): Promise<void> {
    await must(['cp', '--sparse=always', this.path('disk.raw'), file]);
  }

  private get namespace(): string {
    return basename(this.options.directory);
  }

  /** Makes the network and resolves to the names of the machine's cards in it. */
  private async plug(): Promise<string[]> {
    const { lanPort, hostPorts, guestPorts } = this.options;
    const ip = (...args: string[]) => must(['ip', ...args]);
    const inside = (...args: string[]) => must(['ip', '-netns', this.namespace, ...args]);
    await ip('netns', 'add', this.namespace);
    // The node's end stays without an address: UML takes its frames as they are.
    await inside('link', 'add', 'gate', 'type', 'veth', 'peer', 'name', 'card0');
    for (const address of [`${gate}/24`, `${hostAddress}/32`]) await inside('address', 'add', address, 'dev', 'gate');
    for (const device of ['lo', 'gate', 'card0']) await inside('link', 'set', device, 'up');
    if (lanPort) await this.joinLan(`lan${lanPort}`);
    const { ssh, api } = this.forwarded();
    this.relayIn(ssh, 22);
    this.relayIn(api, 6443);
    for (const port of guestPorts ?? []) this.relayIn(port, port, guestAddress);
    for (const port of hostPorts ?? []) this.relayOut(port);
    return lanPort ? ['card0', 'card1'] : ['card0'];
  }

  private async joinLan(bridge: string): Promise<void> {
    if ((await run(['ip', 'link', 'show', bridge])).code !== 0) {
      await must(['ip', 'link', 'add', bridge, 'type', 'bridge']);
      await must(['ip', 'link', 'set', bridge, 'up']);
    }
    const end = `l${this.forwarded().ssh}`;
    await must(['ip', 'link', 'add', end, 'type', 'veth', 'peer', 'name', 'card1', 'netns', this.namespace]);
    await must(['ip', 'link', 'set', end, 'master', bridge, 'up']);
    await must(['ip', '-netns', this.namespace, 'link', 'set', 'card1', 'up']);
  }

  /** A port of this machine leads to one of the node. */
  private relayIn(port: number, to: number, address = '127.0.0.1'): void {
    const socket = this.path(`in-${to}`);
    this.relay(`UNIX-LISTEN:${socket},fork,unlink-early`, `TCP4:${guestAddress}:${to}`, true);
    this.relay(`TCP4-LISTEN:${port},bind=${address},fork,reuseaddr`, `UNIX-CONNECT:${socket}`, false);
  }

  /** A port of the node's `hostAddress` leads to one of this machine's loopback. */
  private relayOut(port: number): void {
    const socket = this.path(`out-${port}`);
    this.relay(`UNIX-LISTEN:${socket},fork,unlink-early`, `TCP4:127.0.0.1:${port}`, false);
    this.relay(`TCP4-LISTEN:${port},bind=${hostAddress},fork,reuseaddr`, `UNIX-CONNECT:${socket}`, true);
  }

  private relay(from: string, to: string, inNamespace: boolean): void {
    const where = inNamespace ? ['ip', 'netns', 'exec', this.namespace] : [];
    const command = ['--pdeathsig', 'KILL', ...where, 'socat', '-lf', '/dev/null', from, to];
    this.relays.push(spawn('setpriv', command, { stdio: 'ignore' }));
  }

  private async unplug(): Promise<void> {
    for (const relay of this.relays.splice(0)) relay.kill('SIGKILL');
    await run(['ip', 'netns', 'delete', this.namespace]);
    for (const port of this.options.hostPorts ?? []) rmSync(this.path(`out-${port}`), { force: true });
  }
}
