import { parseArgs, ParseArgsConfig } from 'node:util';
import { didYouMean } from '../core/nearest';
import { assertIdsPerPod } from '../core/ids-per-pod';
import { FORMATS, Format } from './formats';

/** @internal */
export const COMMANDS = ['check', 'adopt', 'rules', 'status'];

/**
 * What a run of the command prints and returns.
 *
 * @internal
 */
export interface CliOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * What the command line asks for.
 *
 * @internal
 */
export interface CliOptions {
  readonly command?: string;
  readonly paths: string[];
  readonly format: Format;
  readonly color?: boolean;
  readonly exclude: string[];
  readonly strict: boolean;
  readonly write: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly runtimeClassNames?: string[];
  readonly idsPerPod?: number;
  readonly podSecurity?: string;
}

/** @internal */
export const USAGE = `Usage: cdk8s-sysbox check [options] PATH...
       cdk8s-sysbox adopt [options] PATH...
       cdk8s-sysbox rules [--format json]
       cdk8s-sysbox status [--help]

A PATH is a file, a directory, a quoted glob ("apps/**/*.yaml"), or - for standard input.

check: checks the system pods of Kubernetes manifests of any origin, all files together
  --format FORMAT        ${FORMATS.join(', ')} (default text)
  --strict               fail on warnings as well
  --ids-per-pod N        userNamespaces.idsPerPod of the kubelet's configuration (default 65536)
  --color, --no-color    colored text (default: on a terminal, unless NO_COLOR is set)

adopt: prints the manifests with their pods as system pods; comments are kept
  --write                change the files instead
  --pod-security LEVEL   baseline or restricted (default baseline)

check and adopt:
  --exclude GLOB         paths or names to leave out; repeatable
  --runtime-class NAME   RuntimeClass whose pods run under Sysbox, instead of sysbox-runc; repeatable in check

  -h, --help             this text
  --version              the version

Exit code: 0 passed, 1 errors found, 2 wrong usage, or a file that cannot be read.
`;

const OPTIONS = {
  format: { type: 'string' },
  color: { type: 'boolean' },
  'no-color': { type: 'boolean' },
  exclude: { type: 'string', multiple: true },
  strict: { type: 'boolean' },
  write: { type: 'boolean' },
  'pod-security': { type: 'string' },
  'ids-per-pod': { type: 'string' },
  'runtime-class': { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/**
 * Reads the command line. Refused: unknown commands, options and values.
 *
 * @internal
 */
export function readOptions(argv: string[]): CliOptions {
  refuseUnknownOptions(argv, OPTIONS);
  const { values, positionals } = parseArgs({ args: argv, allowPositionals: true, options: OPTIONS });
  const [command, ...paths] = positionals;
  if (command !== undefined && !COMMANDS.includes(command)) {
    throw new Error(`'${command}' is not a command${didYouMean(command, COMMANDS)}`);
  }
  const idsPerPod = values['ids-per-pod'] === undefined ? undefined : Number(values['ids-per-pod']);
  if (idsPerPod !== undefined) assertIdsPerPod(idsPerPod, '--ids-per-pod');
  return {
    command,
    paths,
    format: oneOf('--format', values.format ?? 'text', FORMATS),
    color: values['no-color'] ? false : values.color,
    exclude: values.exclude ?? [],
    strict: values.strict ?? false,
    write: values.write ?? false,
    help: values.help ?? false,
    version: values.version ?? false,
    runtimeClassNames: values['runtime-class'],
    idsPerPod,
    podSecurity: oneOf('--pod-security', values['pod-security'] ?? 'baseline', ['baseline', 'restricted']),
  };
}

/** Refuses an option that the command does not have, with the one that was probably meant. @internal */
export function refuseUnknownOptions(argv: string[], options: NonNullable<ParseArgsConfig['options']>): void {
  const { tokens } = parseArgs({ args: argv, allowPositionals: true, options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== 'option' || token.name in options) continue;
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new Error(`'${token.rawName}' is not an option${didYouMean(token.rawName, known)}`);
  }
}

function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found === undefined) throw new Error(`${option} '${value}' is not known${didYouMean(value, known)}`);
  return found;
}
