// Another release of the Sysbox programs, to upgrade to.
import { appendFileSync, cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { cached, sha256File } from './cache';
import { sysboxPrograms } from './prerequisites';

/** Directory with the programs of SYSBOX_NEXT_BIN_DIR, else the ones under test with one byte more, which runs the same. */
export async function nextRelease(sysboxDir: string): Promise<string> {
  const named = process.env.SYSBOX_NEXT_BIN_DIR;
  if (named) return named;
  const programs = sysboxPrograms.map((name) => join(sysboxDir, name));
  return cached('sysbox-next', await Promise.all(programs.map(sha256File)), (into) => {
    for (const name of sysboxPrograms) cpSync(join(sysboxDir, name), join(into, name));
    appendFileSync(join(into, 'sysbox-runc'), '\n');
  });
}

/** The K3s binary to upgrade to, where there is one. */
export function nextK3s(): string | undefined {
  const named = process.env.K3S_NEXT_BIN;
  if (named && !existsSync(named)) throw new Error(`K3S_NEXT_BIN=${named} does not exist.`);
  return named;
}
