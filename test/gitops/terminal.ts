import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer } from '../cluster/api-server';
import { run } from '../cluster/cache';
import { writeKubeconfig } from '../cluster/kubeconfig';
import { root } from './manifests';

/** A reader's directory and shell: these tools on the PATH, our command as npx, and a kubeconfig of the server. */
export class Terminal {
  readonly directory = mkdtempSync(join(tmpdir(), 'reader-'));
  private readonly env: NodeJS.ProcessEnv;

  constructor(server: ApiServer, tools: Record<string, string>) {
    const bin = join(this.directory, 'bin');
    mkdirSync(bin);
    for (const [name, path] of Object.entries(tools)) symlinkSync(path, join(bin, name));
    const npx = `#!/bin/sh\nshift\nexec ${process.execPath} ${join(root, 'lib', 'src', 'cli', 'main.js')} "$@"\n`;
    writeFileSync(join(bin, 'npx'), npx);
    chmodSync(join(bin, 'npx'), 0o755);
    const kubeconfig = writeKubeconfig(join(this.directory, 'kubeconfig'), server);
    this.env = { PATH: `${bin}:${process.env.PATH}`, KUBECONFIG: kubeconfig, HOME: this.directory };
  }

  /** Runs a block as it is printed; a command of it that fails fails the block. */
  sh(block: string, otherwise = 'A block of the page fails.'): Promise<string> {
    return run('sh', ['-euxc', block], { cwd: this.directory, env: this.env, otherwise });
  }
}
