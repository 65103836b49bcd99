// A node of the cluster under test: a virtual machine with commands, files, power and systemd units.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheDir } from './cache';
import { must, type CommandOptions, type Result } from './host';
import { lanCard, type Machine } from './machine';
import { accelerator } from './prerequisites';
import { QemuMachine } from './qemu';
import { rootDisk, type Disk } from './rootDisk';
import { Ssh } from './ssh';
import { UmlMachine } from './uml';
import { waitFor } from './wait';

/** A file for the node: text, or the path of a file of this machine. */
export type NodeFile = { content: string; mode?: number } | { from: string; mode?: number };

export interface NodeOptions {
  /** Host name, which is also the Kubernetes node name. @default 'node' */
  readonly name?: string;
  /** @default the plain root disk, without K3s */
  readonly disk?: Disk;
  /** Files put on the node before systemd starts for the first time, by absolute path. */
  readonly files?: Readonly<Record<string, NodeFile>>;
  readonly memoryMiB?: number;
  readonly cpus?: number;
  /** Nodes that name the same port share a network segment (eth1); give each its own `lanAddress`. */
  readonly lanPort?: number;
  /** @example '192.168.77.2/24' */
  readonly lanAddress?: string;
  /** Ports of this machine that the node reaches at `hostAddress` (machine.ts). */
  readonly hostPorts?: readonly number[];
  /** Ports of the node that this machine reaches at `guestAddress` (machine.ts). */
  readonly guestPorts?: readonly number[];
}

export class Node {
  static async create(options: NodeOptions = {}): Promise<Node> {
    mkdirSync(join(cacheDir, 'run'), { recursive: true });
    const directory = mkdtempSync(join(cacheDir, 'run', `${options.name ?? 'node'}-`));
    return new Node(options, options.disk ?? (await rootDisk()), directory);
  }

  readonly name: string;
  readonly machine: Machine;
  private readonly ssh: Ssh;
  private booted = false;

  private constructor(
    private readonly options: NodeOptions,
    readonly disk: Disk,
    readonly directory: string,
  ) {
    this.name = options.name ?? 'node';
    const { memoryMiB, cpus, lanPort, hostPorts, guestPorts } = options;
    const Kind = accelerator() === 'uml' ? UmlMachine : QemuMachine;
    this.machine = new Kind({ name: this.name, disk, directory, memoryMiB, cpus, lanPort, hostPorts, guestPorts });
    this.ssh = new Ssh(() => this.machine.sshPort, disk.sshKey, directory);
  }

  /** Switches the node on and waits for ssh; on the first time, the files of the options arrive. */
  async boot(): Promise<void> {
    await this.machine.start(this.booted ? undefined : await this.filesAsTar());
    this.booted = true;
    await this.reachable();
  }

  /** Runs a shell script as root. A script that does not end in time rejects; any exit code is a result. */
  exec(script: string, options?: CommandOptions): Promise<Result> {
    return this.ssh.exec(script, options);
  }

  /** Runs a shell script as root, resolves to its stdout without the last newline; an exit code but 0 rejects. */
  async run(script: string, options?: CommandOptions): Promise<string> {
    const result = await this.exec(script, options);
    if (result.code === 0) return result.stdout.replace(/\n$/, '');
    throw new Error(
      `${this.name}: exit code ${result.code}: ${script}\n${(result.stdout + result.stderr).slice(-3000)}`,
    );
  }

  /** Writes a file on the running node, with its directories. */
  async put(path: string, file: NodeFile): Promise<void> {
    const stdin = 'content' in file ? file.content : createReadStream(file.from);
    const mode = (file.mode ?? 0o644).toString(8);
    const script = `mkdir -p '${dirname(path)}' && cat > '${path}' && chmod ${mode} '${path}'`;
    await this.run(script, { stdin, timeoutMs: 10 * 60_000 });
  }

  /** Pulls the plug: what was not fsynced may be gone. `boot()` starts the same disk again. */
  async powerCut(): Promise<void> {
    await this.machine.kill();
    await this.ssh.disconnect();
  }

  /** An orderly restart of the machine. */
  async reboot(timeoutMs = 10 * 60_000): Promise<void> {
    const before = await this.bootId();
    await this.exec('systemctl reboot');
    await waitFor(`${this.name} restarts`, { timeoutMs }, async () => {
      await this.ssh.disconnect();
      return (await this.bootId(30_000)) !== before;
    });
  }

  /** An orderly shutdown; the disk is kept. */
  async stop(timeoutMs = 5 * 60_000): Promise<void> {
    if (!this.machine.running) return;
    const end = this.machine.ended(timeoutMs);
    await this.exec('systemctl poweroff');
    await end;
    await this.ssh.disconnect();
  }

  /** Switches off without ceremony and deletes the disk (kept with CDK8S_SYSBOX_KEEP=1). */
  async dispose(): Promise<void> {
    await this.powerCut();
    if (!process.env.CDK8S_SYSBOX_KEEP) this.machine.remove();
  }

  /** Changes with every start of a unit: the proof of a restart. */
  invocationId(unit: string): Promise<string> {
    return this.run(`systemctl show -p InvocationID --value '${unit}'`);
  }

  /** How often a unit was started since the node's boot, failed starts included. */
  async starts(unit: string): Promise<number> {
    // SD_MESSAGE_UNIT_STARTING, and SD_MESSAGE_UNIT_STARTED for units of Type=simple, which have no starting.
    const messages = ['7d4958e842da4a758f6c1cdc7b36dcc5', '39f53479d3a045ac8e11786248231fbf'];
    const matches = messages.map((id) => `MESSAGE_ID=${id}`).join(' ');
    const ids = await this.run(
      `journalctl -b -q -o json UNIT='${unit}.service' ${matches} | jq -r .INVOCATION_ID | sort -u`,
    );
    return ids.split('\n').filter(Boolean).length;
  }

  bootId(timeoutMs?: number): Promise<string> {
    return this.run('cat /proc/sys/kernel/random/boot_id', { timeoutMs });
  }

  private async reachable(): Promise<void> {
    await waitFor(`ssh on ${this.name}`, { timeoutMs: 15 * 60_000, everyMs: 1_000 }, async (last) => {
      if (!this.machine.running) throw new Error(`the machine ended\n${this.machine.console}`);
      const result = await this.exec('true', { timeoutMs: 30_000 });
      last(`${result.stderr}\n${this.machine.console.slice(-1000)}`);
      return result.code === 0;
    });
  }

  private async filesAsTar(): Promise<string | undefined> {
    const files = { ...this.options.files };
    if (this.options.lanAddress) {
      const content = `[Match]\nName=${lanCard()}\n[Network]\nAddress=${this.options.lanAddress}\n`;
      files['/etc/systemd/network/20-lan.network'] = { content };
    }
    if (Object.keys(files).length === 0) return undefined;
    const tree = mkdtempSync(join(tmpdir(), 'node-files-'));
    for (const [path, file] of Object.entries(files)) {
      const target = join(tree, path);
      mkdirSync(dirname(target), { recursive: true });
      if ('content' in file) writeFileSync(target, file.content);
      else await must(['cp', '-L', '--reflink=auto', file.from, target]);
      await must(['chmod', (file.mode ?? 0o644).toString(8), target]);
    }
    const tar = join(this.directory, 'files.tar');
    // Files alone: an entry for a directory, / first of all, would change its mode under the booting system.
    const names = (await must(['find', tree, '-type', 'f', '-printf', '%P\\0'])).replace(/\0$/, '');
    const args = [
      '--owner=0',
      '--group=0',
      '--mtime=@0',
      `--file=${tar}`,
      `--directory=${tree}`,
      '--null',
      '--files-from=-',
    ];
    await must(['tar', '--create', ...args], { stdin: names });
    await must(['rm', '-rf', tree]);
    return tar;
  }
}
