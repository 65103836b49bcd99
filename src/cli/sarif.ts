import { isAbsolute, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { VERSION } from '../core/labels';
import { Rule } from '../rules/rule';
import { CheckResult, FileFinding, Unchecked } from './check';

const DOCS = 'https://github.com/cdk8s-sysbox/cdk8s-sysbox/blob/main/docs/reference/rules.md';

/**
 * The result as a SARIF 2.1.0 log, for code scanning.
 *
 * @internal
 */
export function sarif(result: CheckResult, rules: Rule[]): object {
  const ids = rules.map((rule) => rule.id);
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'cdk8s-sysbox',
            semanticVersion: VERSION,
            informationUri: 'https://github.com/cdk8s-sysbox/cdk8s-sysbox',
            rules: rules.map(description),
          },
        },
        invocations: [
          {
            executionSuccessful: result.unreadable.length === 0,
            toolExecutionNotifications: [
              ...result.unreadable.map((file) => notification(file, 'error')),
              ...result.skipped.map((file) => notification(file, 'note')),
            ],
          },
        ],
        results: result.findings.map((finding) => toResult(finding, ids.indexOf(finding.rule))),
      },
    ],
  };
}

function description({ id, severity, reason, remedy, source }: Rule): object {
  return {
    id,
    name: id.replace(/(^|-)([a-z])/g, (_, __, letter) => letter.toUpperCase()),
    shortDescription: { text: `${capitalized(reason)}.` },
    help: {
      text: `${capitalized(reason)}. ${remedy}. Source: ${source}.`,
      markdown: `${capitalized(reason)}.\n\n**${remedy}.**\n\nSource: ${source}.`,
    },
    helpUri: DOCS,
    defaultConfiguration: { level: severity },
  };
}

function toResult(finding: FileFinding, ruleIndex: number): object {
  const { file, line, column, rule, severity, message, kind, name, acknowledged, path } = finding;
  return {
    ruleId: rule,
    ruleIndex,
    level: severity,
    message: { text: `${kind} '${name}': ${message}` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: line, startColumn: column } },
        logicalLocations: [{ fullyQualifiedName: path, kind: 'member' }],
      },
    ],
    ...(acknowledged !== undefined && { suppressions: [{ kind: 'inSource', justification: acknowledged }] }),
  };
}

function notification({ file, reason }: Unchecked, level: string): object {
  return {
    level,
    message: { text: reason },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file) } } }],
  };
}

function uriOf(file: string): string {
  if (file === '-') return 'stdin';
  if (isAbsolute(file)) return pathToFileURL(file).href;
  return file.split(sep).map(encodeURIComponent).join('/');
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
