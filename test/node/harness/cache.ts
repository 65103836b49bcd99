// Everything that takes long to build lies outside the checkout, in a directory named by what it is made from.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { sleep } from './host';

export const cacheDir = process.env.CDK8S_SYSBOX_CACHE ?? '/var/cache/cdk8s-sysbox';

/** A short hash of anything that JSON can hold. */
export function keyOf(recipe: unknown): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
}

export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/**
 * The directory that `build` fills, made once for a recipe. The recipe must hold everything that decides the content.
 * It is built under another name and renamed, so that an interrupted build never looks like a finished one.
 */
export async function cached(
  name: string,
  recipe: unknown,
  build: (directory: string) => Promise<void> | void,
): Promise<string> {
  const directory = join(cacheDir, `${name}-${keyOf(recipe)}`);
  mkdirSync(cacheDir, { recursive: true });
  while (!existsSync(directory) && buildsAlready(directory)) await sleep(2_000);
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.unfinished-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const start = Date.now();
    await build(unfinished);
    renameSync(unfinished, directory);
    process.stdout.write(`  built ${directory} in ${((Date.now() - start) / 1000).toFixed(0)} s\n`);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return directory;
}

/** True while another process that still lives builds the same: two at a time would take the machine from each other. */
function buildsAlready(directory: string): boolean {
  const prefix = `${basename(directory)}.unfinished-`;
  const builders = readdirSync(cacheDir).filter((name) => name.startsWith(prefix));
  return builders
    .map((name) => name.slice(prefix.length))
    .some((pid) => Number(pid) !== process.pid && existsSync(`/proc/${pid}`));
}
