import { existsSync, readdirSync, readFileSync } from 'fs';
import { dirname, join, relative, sep } from 'path';

/**
 * The programs of a directory, file name to content, sorted by name: no list of them is kept by hand.
 *
 * @param directory the directory, as `join(__dirname, …)` of a file in src/
 * @internal
 */
export function programsIn(directory: string): Record<string, string> {
  const found = sourceDirectory(directory);
  const names = readdirSync(found, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map((entry) => entry.name)
    .sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(found, name), 'utf8')]));
}

/**
 * One program of a directory.
 *
 * @internal
 */
export function programText(directory: string, name: string): string {
  return readFileSync(join(sourceDirectory(directory), name), 'utf8');
}

/** The package's directory: this file is in src/core, compiled in lib/src/core, or part of the command in lib. @internal */
export const PACKAGE_ROOT = withPackageJson(__dirname);

function withPackageJson(directory: string): string {
  return existsSync(join(directory, 'package.json')) ? directory : withPackageJson(dirname(directory));
}

/** The compiler copies no programs: lib/src/x stands for src/x. */
function sourceDirectory(directory: string): string {
  const [first, ...rest] = relative(PACKAGE_ROOT, directory).split(sep);
  return first === 'lib' ? join(PACKAGE_ROOT, ...rest) : directory;
}
