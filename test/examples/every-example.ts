// Runs every example of the directory as a user does: a new one is tried by every suite that reads this list.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directory = join(__dirname, '..', '..', 'examples');

/** Their names, such as `docker` and `adopt/after`. */
export const exampleNames: readonly string[] = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort();

/** Whether an example asks for Pod Security Restricted, for which uid 0 needs Kubernetes 1.35. */
export const asksForRestricted = (name: string): boolean =>
  readFileSync(join(directory, `${name}.ts`), 'utf8').includes('PodSecurityLevel.RESTRICTED');

const written = new Map<string, string[]>();
const outdir = mkdtempSync(join(tmpdir(), 'examples-'));
afterAll(() => rmSync(outdir, { recursive: true }));

/** What an example writes, in the order in which kubectl reads it. */
export function filesOfExample(name: string): string[] {
  const known = written.get(name);
  if (known) return known;
  const own = join(outdir, name);
  process.env.CDK8S_OUTDIR = own;
  jest.requireActual(`../../examples/${name}`);
  delete process.env.CDK8S_OUTDIR;
  const files = readdirSync(own)
    .sort()
    .map((file) => join(own, file));
  written.set(name, files);
  return files;
}
