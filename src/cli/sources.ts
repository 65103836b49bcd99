import * as fs from 'node:fs';
import * as path from 'node:path';

const EXTENSIONS = ['.yaml', '.yml', '.json'];

/**
 * The files that arguments name: a file itself, what a folder holds of YAML and JSON, `-` for standard input. A folder without
 * any is refused: a misspelt path in a pipeline would check nothing, and be green for ever.
 *
 * @internal
 */
export function filesOf(args: string[]): string[] {
  return args.flatMap((arg) => {
    if (arg === '-' || !fs.statSync(arg).isDirectory()) return [arg];
    const found = filesIn(arg);
    if (found.length > 0) return found;
    throw new Error(`${arg} holds no ${EXTENSIONS.join(', ')} file. Name the folder that your manifests are in`);
  });
}

function filesIn(folder: string): string[] {
  return (
    fs
      .readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => EXTENSIONS.includes(path.extname(name)))
      .filter((name) => !name.split(path.sep).some((part) => part === 'node_modules' || part === '.git'))
      .map((name) => path.join(folder, name))
      // a link that leads nowhere is named when it is read, and does not keep the others from being checked
      .filter((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? true)
      .sort()
  );
}

/**
 * The text of a file, or of standard input.
 *
 * @internal
 */
export function textOfFile(file: string): string {
  return fs.readFileSync(file === '-' ? 0 : file, 'utf8');
}
