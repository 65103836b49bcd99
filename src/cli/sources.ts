import * as fs from 'node:fs';
import * as path from 'node:path';
import { decode } from './decode';
import { globToRegExp, isGlob } from './glob';

const EXTENSIONS = ['.yaml', '.yml', '.json'];
const NEVER = ['node_modules', '.git'];

/**
 * The files that arguments name, and the arguments that name none.
 *
 * @internal
 */
export interface Sources {
  readonly files: string[];
  readonly missing: { readonly file: string; readonly reason: string }[];
}

/**
 * Resolves arguments to files: a file, a directory with its YAML and JSON files, a glob, or `-` for standard input. An argument
 * that names no manifest is reported: a misspelt path in a pipeline would check nothing, and pass forever.
 *
 * @internal
 */
export function sourcesOf(args: string[], exclude: string[] = []): Sources {
  const excluded = exclude.map(globToRegExp);
  const isExcluded = (file: string) => {
    const parts = file.split(path.sep);
    // a pattern without a slash is for a name at any depth, as in .gitignore
    return excluded.some((glob) => glob.test(slashed(file)) || parts.some((part) => glob.test(part)));
  };
  const files: string[] = [];
  const missing: { file: string; reason: string }[] = [];
  for (const arg of args) {
    const found = arg === '-' ? ['-'] : filesAt(arg);
    if (typeof found === 'string') missing.push({ file: arg, reason: found });
    else files.push(...found.filter((file) => !isExcluded(file)));
  }
  return { files: [...new Set(files)], missing };
}

/**
 * The files that arguments name. Refused: an argument that names none.
 *
 * @internal
 */
export function filesOf(args: string[]): string[] {
  const { files, missing } = sourcesOf(args);
  if (missing[0]) throw new Error(`${missing[0].file}: ${missing[0].reason}`);
  return files;
}

/**
 * The text of a file, or of standard input.
 *
 * @internal
 */
export function textOfFile(file: string): string {
  return decode(fs.readFileSync(file === '-' ? 0 : file));
}

/** The files, or why there are none. */
function filesAt(arg: string): string[] | string {
  const stat = fs.statSync(arg, { throwIfNoEntry: false });
  if (stat?.isDirectory()) {
    const found = filesIn(arg, new Set());
    return found.length > 0 ? found : `contains no ${EXTENSIONS.join(', ')} file. Name the directory of the manifests`;
  }
  if (stat) return [arg];
  if (!isGlob(arg)) return 'no such file or directory';
  const matching = globToRegExp(slashed(path.normalize(arg)));
  const found = filesIn(baseOf(arg), new Set()).filter((file) => matching.test(slashed(file)));
  return found.length > 0 ? found : 'the pattern matches no file';
}

/** The part of a glob before its first pattern. */
function baseOf(glob: string): string {
  const fixed = path.normalize(glob).split(path.sep);
  const first = fixed.findIndex(isGlob);
  return fixed.slice(0, first).join(path.sep) || (path.isAbsolute(glob) ? path.sep : '.');
}

/** The manifests below a directory. A directory that links lead to several times, or in a loop, is read once. */
function filesIn(directory: string, seen: Set<string>): string[] {
  const real = fs.realpathSync(directory, { encoding: 'utf8' });
  if (seen.has(real)) return [];
  seen.add(real);
  const entries = fs.readdirSync(directory).sort();
  return entries.flatMap((name) => {
    const file = path.join(directory, name);
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat?.isDirectory()) return NEVER.includes(name) ? [] : filesIn(file, seen);
    // a dangling link is reported when it is read
    return EXTENSIONS.includes(path.extname(name)) && (stat?.isFile() ?? true) ? [file] : [];
  });
}

function slashed(file: string): string {
  return file.split(path.sep).join('/');
}
