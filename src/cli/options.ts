import { parseArgs } from 'node:util';

/**
 * What the command is asked to do.
 *
 * @internal
 */
export interface CliOptions {
  readonly command?: string;
  readonly files: string[];
  readonly json: boolean;
  readonly strict: boolean;
  readonly help: boolean;
  readonly runtimeClassNames?: string[];
}

/** @internal */
export const USAGE = `Usage: cdk8s-sysbox check [options] <files, folders or ->
       cdk8s-sysbox rules [--json]
       cdk8s-sysbox status [--help]

Checks the Sysbox pods of any Kubernetes manifests. All files are checked together.

  --json                 print one JSON object
  --strict               warnings fail as well
  --runtime-class NAME   a RuntimeClass whose pods run under Sysbox, instead of sysbox-runc; repeatable
  --help                 this text

Exit code: 0 nothing to change, 1 errors found, 2 wrong usage or a file that is no YAML.
`;

/**
 * Reads the command line; throws where it makes no sense.
 *
 * @internal
 */
export function readOptions(argv: string[]): CliOptions {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      'runtime-class': { type: 'string', multiple: true },
    },
  });
  const [command, ...files] = positionals;
  return {
    command,
    files,
    json: values.json,
    strict: values.strict,
    help: values.help,
    runtimeClassNames: values['runtime-class'],
  };
}
