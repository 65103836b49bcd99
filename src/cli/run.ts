import { RULES } from '../rules/catalog';
import { CheckResult, checkFiles, FileFinding } from './check';
import { CliOptions, readOptions, USAGE } from './options';
import { filesOf } from './sources';

/**
 * What a run of the command gives.
 *
 * @internal
 */
export interface CliOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs the command.
 *
 * @internal
 */
export function run(argv: string[]): CliOutcome {
  try {
    const options = readOptions(argv);
    if (options.help) return { code: 0, out: USAGE, err: '' };
    if (options.command === 'rules') return { code: 0, out: rules(options.json), err: '' };
    if (options.command !== 'check' || options.files.length === 0) return { code: 2, out: '', err: USAGE };
    return check(options);
  } catch (error) {
    return { code: 2, out: '', err: `${(error as Error).message}\n` };
  }
}

function check(options: CliOptions): CliOutcome {
  const result = checkFiles(filesOf(options.files), options);
  const failed = result.errors > 0 || (options.strict && result.warnings > 0);
  const code = result.unreadable.length > 0 ? 2 : failed ? 1 : 0;
  const unreadable = result.unreadable.map(({ file, reason }) => `${file}: no YAML: ${reason}\n`).join('');
  if (options.json) return { code, out: `${JSON.stringify(result, undefined, 2)}\n`, err: unreadable };
  return { code, out: result.findings.map(line).join(''), err: `${unreadable}${summary(result)}\n` };
}

function line(finding: FileFinding): string {
  const { file, line: row, column, severity, message, kind, name, acknowledged } = finding;
  const how = acknowledged === undefined ? severity : `acknowledged (${acknowledged})`;
  return `${file}:${row}:${column}: ${how}: ${kind} '${name}': ${message}\n`;
}

function summary({ errors, warnings, acknowledged, documents, files }: CheckResult): string {
  const found = [count(errors, 'error'), count(warnings, 'warning'), `${acknowledged} acknowledged`].join(', ');
  return `${found} in ${count(documents, 'document')} of ${count(files, 'file')}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function rules(json: boolean): string {
  const all = RULES.map(({ id, severity, notAcknowledgeable, reason, remedy, source, cel }) => {
    return { id, severity, acknowledgeable: !notAcknowledgeable, reason, remedy, source, cel };
  });
  if (json) return `${JSON.stringify(all, undefined, 2)}\n`;
  return all.map((rule) => `${rule.id} (${rule.severity}): ${rule.reason}. ${rule.remedy}\n`).join('');
}
