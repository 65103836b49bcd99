import { Json, mapOf, textOf } from '../core/json';
import { CheckOptions, checkManifests, Located, pathOf } from '../rules/check-manifests';
import { isBlocking, messageOf } from '../rules/check-pod';
import { RuleSeverity } from '../rules/rule';
import { chartOf } from './helm-template';
import { Sources, textOfFile } from './sources';
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
 * A file that was not checked, and why.
 *
 * @internal
 */
export interface Unchecked {
  readonly file: string;
  readonly reason: string;
}

/**
 * What was checked and found in all files together.
 *
 * @internal
 */
export interface CheckResult {
  readonly files: number;
  readonly objects: number;
  readonly pods: number;
  readonly systemPods: number;
  readonly errors: number;
  readonly warnings: number;
  readonly acknowledged: number;
  /** Arguments and files that could not be read. */
  readonly unreadable: Unchecked[];
  /** Helm templates: their manifests exist only when they are rendered. */
  readonly skipped: Unchecked[];
  /** The files that were checked. */
  readonly checked: string[];
  readonly findings: FileFinding[];
}

interface Placed {
  readonly file: string;
  readonly document: SourceDocument;
}

/**
 * Checks files together, as a claim or a RuntimeClass may be in another file than the pod.
 *
 * @internal
 */
export function checkFiles(sources: Sources, options: CheckOptions): CheckResult {
  const unreadable: Unchecked[] = [...sources.missing];
  const skipped: Unchecked[] = [];
  const placed: Placed[] = [];
  const checked: string[] = [];
  for (const file of sources.files) {
    const read = readManifests(file);
    if (read.skipped !== undefined) skipped.push({ file, reason: read.skipped });
    else if (read.error !== undefined) unreadable.push({ file, reason: read.error });
    else {
      checked.push(file);
      for (const document of read.documents) placed.push({ file, document });
    }
  }
  const manifests: Json[] = placed.map(({ document }) => document.json);
  const { violations, ...counts } = checkManifests(manifests, options);
  return {
    files: checked.length,
    ...counts,
    errors: violations.filter(isBlocking).length,
    warnings: violations.filter((v) => v.rule.severity === RuleSeverity.WARNING && v.acknowledged === undefined).length,
    acknowledged: violations.filter((v) => v.acknowledged !== undefined).length,
    unreadable,
    skipped,
    checked,
    findings: inOrder(
      violations.map((violation) => inFile(violation, placed[violation.manifest] as Placed)),
      checked,
    ),
  };
}

interface ReadManifests {
  readonly documents: SourceDocument[];
  readonly error?: string;
  readonly skipped?: string;
}

function readManifests(file: string): ReadManifests {
  let text = '';
  try {
    text = textOfFile(file);
    const documents = SourceDocument.allOf(text);
    const chart = chartOf(file, text, true);
    return { documents, skipped: chart && helmHint(chart) };
  } catch (error) {
    const chart = chartOf(file, text, false);
    return { documents: [], error: (error as Error).message, skipped: chart && helmHint(chart) };
  }
}

function helmHint(chart: string): string {
  return `a Helm template. Check what it renders: helm template ${chart} | cdk8s-sysbox check -`;
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
