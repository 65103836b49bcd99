import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { findings } from '../docker/example';
import { filesOfExample } from './every-example';

const root = join(__dirname, '..', '..');
const text = (path: string) => readFileSync(path, 'utf8');
const code = (name: string) => text(join(root, 'examples', 'adopt', `${name}.ts`));
const manifests = (name: string) => filesOfExample(`adopt/${name}`).map(text).join('').split('---\n');
const isAdded = (line: string) => line.startsWith('+');

/** Lines of a unified diff in which everything else stays as it was: a line that is lost is an error. */
function additions(before: string, after: string): string[] {
  const left = before.trimEnd().split('\n');
  const lines = after
    .trimEnd()
    .split('\n')
    .map((line) => (line === left[0] ? ` ${left.shift()}`.trimEnd() : `+${line}`));
  expect(left).toEqual([]);
  return lines;
}

const codeDiff = () => additions(code('before'), code('after'));

/** Object by object, with a line above and below what is new. */
function manifestDiff(): string[] {
  const after = manifests('after');
  return manifests('before').flatMap((document, i) => {
    const lines = additions(document, after[i] ?? '');
    const shown = lines.filter((_, n) => lines.slice(Math.max(0, n - 1), n + 2).some(isAdded));
    const { kind, metadata } = parseAllDocuments(document)[0]?.toJS();
    return shown.length > 0 ? [`@@ ${kind} ${metadata.name} @@`, ...shown] : [];
  });
}

test('two lines of code make Sysbox workloads of an app', () => {
  expect(codeDiff().filter(isAdded)).toEqual(["+import { adoptAll } from 'cdk8s-sysbox';", '+adoptAll(app);']);
});

test('three fields of each pod are all that changes in the manifests', () => {
  const fields = ['enableServiceLinks: false', 'hostUsers: false', 'runtimeClassName: sysbox-runc'];

  const added = manifestDiff().filter(isAdded);

  expect(added.map((line) => line.replace(/^\+ +/, ''))).toEqual([...fields, ...fields, ...fields]);
});

test('docs/how-to/adopt.md shows both differences as they are', () => {
  const page = text(join(root, 'docs', 'how-to', 'adopt.md'));
  const shown = [...page.matchAll(/^```diff\n(.*?)\n```/gms)].map(([, lines]) => lines);

  expect(shown).toEqual([codeDiff().join('\n'), manifestDiff().join('\n')]);
});

test('follows every rule without a warning', () => {
  const objects = manifests('after').map((document) => parseAllDocuments(document)[0]?.toJS());
  expect(findings(objects)).toEqual([]);
});
