import { CheckOptions, checkManifests, Located, pathOf } from '../rules/check-manifests';
import { isBlocking, messageOf } from '../rules/check-pod';
import { mapOf, textOf } from '../core/json';
import { RuleSeverity } from '../rules/rule';
import { textOfFile } from './sources';
import { SourceDocument } from './yaml';

/**
 * A finding with its place in a file.
 *
 * @internal
 */
export interface FileFinding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly rule: string;
  readonly severity: RuleSeverity;
  readonly message: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly path: string;
  readonly acknowledged?: string;
}

/**
 * What was found in all files together.
 *
 * @internal
 */
export interface CheckResult {
  readonly files: number;
  readonly documents: number;
  readonly errors: number;
  readonly warnings: number;
  readonly acknowledged: number;
  /** Files that are no YAML, with the parser's reason. */
  readonly unreadable: { readonly file: string; readonly reason: string }[];
  readonly findings: FileFinding[];
}

interface Placed {
  readonly file: string;
  readonly document: SourceDocument;
}

/**
 * Checks files together, as a claim or a RuntimeClass may be in another one than the pod.
 *
 * @internal
 */
export function checkFiles(files: string[], options: CheckOptions): CheckResult {
  const unreadable: { file: string; reason: string }[] = [];
  const placed = files.flatMap((file): Placed[] => {
    try {
      return SourceDocument.allOf(textOfFile(file)).map((document) => ({ file, document }));
    } catch (error) {
      unreadable.push({ file, reason: (error as Error).message });
      return [];
    }
  });
  const manifests = placed.map(({ document }) => document.json);
  const { violations } = checkManifests(manifests, options);
  return {
    files: files.length,
    documents: placed.length,
    errors: violations.filter(isBlocking).length,
    warnings: violations.filter((v) => v.rule.severity === RuleSeverity.WARNING && v.acknowledged === undefined).length,
    acknowledged: violations.filter((v) => v.acknowledged !== undefined).length,
    unreadable,
    findings: inOrder(
      violations.map((violation) => inFile(violation, placed[violation.manifest] as Placed)),
      files,
    ),
  };
}

function inFile(violation: Located, { file, document }: Placed): FileFinding {
  const { name, namespace } = mapOf(violation.object.metadata);
  return {
    file,
    ...document.positionOf(violation.at),
    rule: violation.rule.id,
    severity: violation.rule.severity,
    message: messageOf(violation),
    kind: textOf(violation.object.kind),
    name: textOf(name),
    namespace: namespace === undefined ? undefined : textOf(namespace),
    path: pathOf(violation),
    acknowledged: violation.acknowledged,
  };
}

function inOrder(findings: FileFinding[], files: string[]): FileFinding[] {
  const rank = new Map(files.map((file, i) => [file, i]));
  const fileOf = ({ file }: FileFinding) => rank.get(file) ?? 0;
  return findings.sort((a, b) => fileOf(a) - fileOf(b) || a.line - b.line || a.column - b.column);
}
