// Commands on the node, over one shared ssh connection (a key exchange takes seconds under emulation).
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run, type CommandOptions, type Result } from './host';

export class Ssh {
  private readonly socket: string;

  constructor(
    private readonly port: () => number,
    private readonly key: string,
    directory: string,
  ) {
    this.socket = join(directory, 'ssh');
  }

  /** Runs a shell script as the node's root. */
  exec(script: string, options: CommandOptions = {}): Promise<Result> {
    return run([...this.command(), 'root@127.0.0.1', script], { timeoutMs: 120_000, ...options });
  }

  /** Forgets the connection: after a power cut, its far end has vanished. */
  async disconnect(): Promise<void> {
    await run([...this.command(), '-O', 'exit', 'root@127.0.0.1']);
    rmSync(this.socket, { force: true });
  }

  private command(): string[] {
    const options = [
      ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'BatchMode=yes'],
      ...['ConnectTimeout=8', 'ServerAliveInterval=15', 'ServerAliveCountMax=8'],
      ...['ControlMaster=auto', `ControlPath=${this.socket}`, 'ControlPersist=300'],
    ];
    return ['ssh', '-i', this.key, '-p', `${this.port()}`, ...options.flatMap((option) => ['-o', option])];
  }
}
