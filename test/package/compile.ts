// TypeScript as a reader would compile it: `cdk8s-sysbox` is found by the package's own name.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const OPTIONS = [
  '--noEmit',
  '--ignoreConfig',
  '--strict',
  '--skipLibCheck',
  '--module',
  'node20',
  '--target',
  'es2022',
];

/** Compiles programs, name to text; throws what the compiler says. */
export function compile(programs: Record<string, string>): void {
  mkdirSync(join(root, 'lib'), { recursive: true });
  const directory = mkdtempSync(join(root, 'lib', 'compile-'));
  try {
    const files = Object.entries(programs).map(([name, text]) => {
      const file = join(directory, `${name}.ts`);
      writeFileSync(file, text);
      return file;
    });
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    execFileSync(process.execPath, [tsc, ...OPTIONS, '--types', 'node', ...files], { cwd: root, encoding: 'utf8' });
  } catch (error) {
    throw new Error((error as { stdout?: string }).stdout || `${error}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
