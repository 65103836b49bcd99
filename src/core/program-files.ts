import { createHash } from 'crypto';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { programText } from './programs';

/** Excludes an object from Flux' variable substitution (kustomize-controller, postBuild). */
const NO_SUBSTITUTION = { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' };

/** Name and namespace of a ConfigMap with programs. @internal */
export interface ProgramFilesOptions {
  /**
   * Beginning of the name; the content hash follows.
   *
   * @default - made from the construct's path, which has the hash too
   */
  readonly name?: string;

  /** @default - the chart's */
  readonly namespace?: string;
}

/**
 * An immutable ConfigMap with files that run or configure what runs. Its name changes with its content, so that a pod
 * never sees half of a change and is replaced with it.
 *
 * @internal
 */
export function addProgramFiles(
  scope: Construct,
  id: string,
  data: Record<string, string>,
  options: ProgramFilesOptions = {},
): kplus.ConfigMap {
  const suffix = contentHash(data).slice(0, 10);
  const name = options.name === undefined ? {} : { name: `${options.name}-${suffix}` };
  return new kplus.ConfigMap(scope, `${id}-${suffix}`, {
    metadata: { ...name, namespace: options.namespace, annotations: NO_SUBSTITUTION },
    immutable: true,
    data,
  });
}

/**
 * The command that runs a program after it has compared the content of all files in its directory with `files`. The image
 * needs sh, sha256sum and cut.
 *
 * @param directory where the files are mounted, and nothing else
 * @param files all files of the directory
 * @param program file name of the program
 * @internal
 */
export function checkedCommand(
  directory: string,
  files: Record<string, string>,
  program: string,
  ...args: string[]
): string[] {
  if (!(program in files)) throw new Error(`${program} is not among the files of ${directory}`);
  return ['sh', '-c', CHECK, 'check', directory, contentHash(files), program, ...args];
}

const CHECK = programText(__dirname, 'check-programs.sh');

/** What check-programs.sh computes: the sha256 of the lines that `sha256sum ./*` prints. */
function contentHash(files: Record<string, string>): string {
  const names = Object.keys(files).sort();
  const hidden = names.find((name) => name.startsWith('.'));
  if (hidden !== undefined) throw new Error(`the file name '${hidden}' begins with a dot: its content is not checked`);
  return sha256(names.map((name) => `${sha256(files[name] ?? '')}  ./${name}\n`).join(''));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
