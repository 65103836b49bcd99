import { relative, resolve, sep } from 'node:path';
import { RULES } from '../rules/catalog';
import { RuleSeverity } from '../rules/rule';
import { CheckResult, FileFinding, Unchecked } from './check';
import { sarif } from './sarif';

/** @internal */
export const FORMATS = ['text', 'json', 'sarif', 'github', 'junit'] as const;

/** @internal */
export type Format = (typeof FORMATS)[number];

/**
 * A result in one of the formats, for standard output.
 *
 * @internal
 */
export function formatted(result: CheckResult, format: Format, color: boolean): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(result, undefined, 2)}\n`;
    case 'sarif':
      return `${JSON.stringify(sarif(result, RULES), undefined, 2)}\n`;
    case 'github':
      return result.findings.map(annotation).join('') + result.unreadable.map(unreadableAnnotation).join('');
    case 'junit':
      return junit(result);
    default:
      return result.findings.map((finding) => line(finding, color)).join('');
  }
}

function line(finding: FileFinding, color: boolean): string {
  const paint = (code: string, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const { file, line: row, column, severity, message, kind, name, acknowledged } = finding;
  const how =
    acknowledged === undefined
      ? paint(severity === RuleSeverity.ERROR ? '31' : '33', severity)
      : paint('2', `acknowledged (${acknowledged})`);
  return `${paint('1', `${file}:${row}:${column}:`)} ${how}: ${kind} '${name}': ${message}\n`;
}

/** Source: docs.github.com, Workflow commands; actions/toolkit packages/core/src/command.ts for the escapes. */
function annotation({
  file,
  line: row,
  column,
  severity,
  message,
  rule,
  kind,
  name,
  acknowledged,
}: FileFinding): string {
  const level = acknowledged !== undefined ? 'notice' : severity;
  const properties = { file: relativePath(file), line: row, col: column, title: `cdk8s-sysbox ${rule}` };
  return command(level, properties, `${kind} '${name}': ${message}`);
}

function unreadableAnnotation({ file, reason }: Unchecked): string {
  return command('error', { file: relativePath(file), title: 'cdk8s-sysbox' }, `cannot be read: ${reason}`);
}

function command(level: string, properties: Record<string, string | number>, message: string): string {
  const data = (text: string) => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
  const property = (text: string) => data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
  const list = Object.entries(properties).map(([key, value]) => `${key}=${property(String(value))}`);
  return `::${level} ${list.join(',')}::${data(message)}\n`;
}

/** A suite for each file, with a case for each finding; a file without findings is one case that passes. */
function junit({ checked, findings, unreadable }: CheckResult): string {
  const suites = checked.map((file) => {
    const own = findings.filter((finding) => finding.file === file);
    const cases = own.length > 0 ? own.map(testCase) : [`    <testcase classname="${xml(file)}" name="rules"/>\n`];
    const failures = own.filter(isOpenError).length;
    return (
      `  <testsuite name="${xml(file)}" tests="${cases.length}" failures="${failures}" errors="0">\n` +
      `${cases.join('')}  </testsuite>\n`
    );
  });
  const broken = unreadable.map(
    ({ file, reason }) =>
      `  <testsuite name="${xml(file)}" tests="1" failures="0" errors="1">\n` +
      `    <testcase classname="${xml(file)}" name="read"><error message="${xml(reason)}"/></testcase>\n  </testsuite>\n`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="cdk8s-sysbox">\n${suites.join('')}${broken.join('')}</testsuites>\n`;
}

function testCase(finding: FileFinding): string {
  const { file, line: row, column, rule, kind, name, message, acknowledged } = finding;
  const text = xml(`${file}:${row}:${column}: ${message}`);
  const body =
    acknowledged !== undefined
      ? `<skipped message="${xml(acknowledged)}"/>`
      : isOpenError(finding)
        ? `<failure message="${xml(message)}" type="${rule}">${text}</failure>`
        : `<system-out>${text}</system-out>`;
  return `    <testcase classname="${xml(file)}" name="${xml(`${kind} ${name}: ${rule}`)}">${body}</testcase>\n`;
}

function isOpenError({ severity, acknowledged }: FileFinding): boolean {
  return severity === RuleSeverity.ERROR && acknowledged === undefined;
}

function xml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  // control characters cannot be in XML at all

  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').replace(/[&<>"]/g, (c) => entities[c] as string);
}

function relativePath(file: string): string {
  return relative('', resolve(file)).split(sep).join('/');
}
