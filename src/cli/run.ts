import { DEFAULT_RUNTIME_CLASS, VERSION } from '../core/labels';
import { RULES } from '../rules/catalog';
import { CheckResult, checkFiles } from './check';
import { formatted } from './formats';
import { CliOptions, CliOutcome, readOptions, USAGE } from './options';
import { sourcesOf } from './sources';

type Command = (options: CliOptions) => CliOutcome;

/**
 * Runs the command. `adopt` needs the constructs, which `check` does not load.
 *
 * @internal
 */
export function run(argv: string[], terminal = false, adopt?: Command): CliOutcome {
  try {
    const options = readOptions(argv);
    if (options.help) return { code: 0, out: USAGE, err: '' };
    if (options.version) return { code: 0, out: `${VERSION}\n`, err: '' };
    if (options.command === 'rules') return { code: 0, out: rules(options.format === 'json'), err: '' };
    if (options.command === undefined || options.paths.length === 0) return { code: 2, out: '', err: USAGE };
    return options.command === 'adopt' && adopt ? adopt(options) : check(options, options.color ?? terminal);
  } catch (error) {
    return { code: 2, out: '', err: `${(error as Error).message}\n` };
  }
}

function check(options: CliOptions, color: boolean): CliOutcome {
  const result = checkFiles(sourcesOf(options.paths, options.exclude), options);
  const nothing = result.systemPods === 0;
  const failed = result.errors > 0 || (options.strict && (result.warnings > 0 || nothing));
  return {
    code: result.unreadable.length > 0 ? 2 : failed ? 1 : 0,
    out: formatted(result, options.format, color),
    err: [
      ...result.unreadable.map(({ file, reason }) => `${file}: cannot be read: ${reason}`),
      ...result.skipped.map(({ file, reason }) => `${file}: skipped: ${reason}`),
      ...(nothing ? [nothingChecked(options)] : []),
      summary(result),
      '',
    ].join('\n'),
  };
}

function nothingChecked({ runtimeClassNames = [DEFAULT_RUNTIME_CLASS] }: CliOptions): string {
  return `warning: no pod with the RuntimeClass ${runtimeClassNames.join(' or ')} was found, so no rule was applied`;
}

function summary({ errors, warnings, acknowledged, files, objects, pods, systemPods }: CheckResult): string {
  const found = [count(errors, 'error'), count(warnings, 'warning'), `${acknowledged} acknowledged`].join(', ');
  const seen = [count(files, 'file'), count(objects, 'object'), count(pods, 'pod'), count(systemPods, 'system pod')];
  return `${found} in ${seen.join(', ')}`;
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
