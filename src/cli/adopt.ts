import { writeFileSync } from 'node:fs';
import { ApiObject, App, Chart } from 'cdk8s';
import { isObject, Json, Path, textOf } from '../core/json';
import { yaml } from '../core/yaml';
import { replaceablePodsOf } from '../rules/find-pods';
import { adopt } from '../workloads/adopt';
import { AdoptOptions } from '../workloads/adopt-options';
import { PodSecurityLevel } from '../workloads';
import { CliOptions, CliOutcome } from './options';
import { sourcesOf, textOfFile } from './sources';

/**
 * Makes the pods of files system pods, as `adoptAll` does in an app. Documents without pods stay as they are, byte for byte; in
 * the others only the fields that change are written, and comments stay.
 *
 * @internal
 */
export function adoptFiles(options: CliOptions): CliOutcome {
  const [runtimeClassName, ...others] = options.runtimeClassNames ?? [];
  if (others.length > 0) throw new Error('adopt takes one --runtime-class: a pod has one');
  const { files, missing } = sourcesOf(options.paths, options.exclude);
  const podSecurity = Object.values(PodSecurityLevel).find((level) => level === options.podSecurity);
  const errors = missing.map(({ file, reason }) => `${file}: cannot be read: ${reason}\n`);
  let unreadable = missing.length;
  const adopted: { file: string; before: string; after: string }[] = [];
  for (const file of files) {
    try {
      const before = textOfFile(file);
      adopted.push({ file, before, after: adoptText(before, { runtimeClassName, podSecurity }) });
    } catch (error) {
      if (!(error instanceof BrokenRules)) unreadable += 1;
      errors.push(`${file}: ${(error as Error).message}\n`);
    }
  }
  const code = unreadable > 0 ? 2 : errors.length > 0 ? 1 : 0;
  // a pipeline must not apply the half that worked
  if (code !== 0) return { code, out: '', err: errors.join('') };
  const inPlace = ({ file }: { file: string }) => options.write && file !== '-';
  for (const { file, before, after } of adopted.filter(inPlace)) if (after !== before) writeFileSync(file, after);
  return { code, out: streamOf(adopted.filter((one) => !inPlace(one)).map(({ after }) => after)), err: '' };
}

/**
 * A YAML stream with system pods.
 *
 * @internal
 */
export function adoptText(text: string, options: AdoptOptions): string {
  // a line that begins with --- ends a document wherever it is; a dot would stop before \r
  const parts = text.split(/^(---(?=\s|$)[^\n]*(?:\n|$))/m);
  const problems: string[] = [];
  const result = parts.map((part, i) => {
    if (i % 2 === 1) return part;
    try {
      return adoptDocument(part, options);
    } catch (error) {
      if (!(error instanceof BrokenRules)) throw error;
      problems.push(error.message);
      return part;
    }
  });
  if (problems.length > 0) throw new BrokenRules(problems.join('\n'));
  return result.join('');
}

function adoptDocument(text: string, options: AdoptOptions): string {
  const document = yaml().parseDocument(text, { version: '1.1', logLevel: 'error' });
  if (document.errors.length > 0) throw new Error(document.errors[0].message.split('\n')[0]);
  const manifest: Json = document.toJS();
  if (replaceablePodsOf(manifest).length === 0) return text;
  const { before, after } = adoptedManifest(manifest, options);
  for (const { path, value } of changes(before, after)) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  const changed: string = document.toString({
    lineWidth: 0,
    indentSeq: indentsLists(text),
    flowCollectionPadding: !/[[{][^\s\]}]/.test(text),
  });
  return text.includes('\r\n') ? changed.replace(/\r?\n/g, '\r\n') : changed;
}

/** The manifest as cdk8s renders it, without and with the adoption. */
function adoptedManifest(manifest: Json, options: AdoptOptions): { before: Json; after: Json } {
  // the path of the construct is what messages name
  const chart = new Chart(new App({ outdir: '.' }), textOf(manifest.kind));
  const object = new ApiObject(chart, textOf(manifest.metadata?.name) || 'object', manifest);
  const before = object.toJson();
  try {
    adopt(object, options);
    return { before, after: object.toJson() };
  } catch (error) {
    throw new BrokenRules((error as Error).message);
  }
}

/** What differs, at the deepest place where the two are still of one shape. */
function changes(before: Json, after: Json, path: Path = []): { path: Path; value: Json }[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => changes(before[key], after[key], [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item, i) => changes(item, after[i], [...path, i]));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, value: after }];
}

function indentsLists(text: string): boolean {
  const list = /^( *)[^\s#-][^\n]*:\s*\n( *)- /m.exec(text);
  return list === null || (list[2] as string).length > (list[1] as string).length;
}

function streamOf(texts: string[]): string {
  return texts.map((text, i) => (i > 0 && !text.startsWith('---') ? `---\n${text}` : text)).join('');
}

/** A pod that cannot be a system pod as it is. */
class BrokenRules extends Error {}
