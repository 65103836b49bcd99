import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REASONS } from '../../src/cli/reasons';
import { nodePrograms } from '../../src/installer/node-files';

const page = join(__dirname, '..', '..', 'docs', 'reference', 'node.md');
const table = /^\| reason .*\n(\|.*\n)+/m;

/** A table as prettier aligns it. */
function aligned(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const [head = '', ...body] = rows.map(
    (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |\n`,
  );
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`, ...body].join('');
}

test('docs/reference/node.md has the reasons of src/cli/reasons.ts (otherwise run WRITE_DOCS=1 npx jest cli/reasons, and commit)', () => {
  const text = readFileSync(page, 'utf8');
  const reasons = Object.entries(REASONS).sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = reasons.map(([reason, { meaning, remedy }]) => [`\`${reason}\``, meaning, remedy || '–']);
  const wanted = text.replace(table, () => aligned([['reason', 'what is wrong', 'what to do'], ...rows]));
  if (process.env.WRITE_DOCS) writeFileSync(page, wanted);
  expect(readFileSync(page, 'utf8')).toBe(wanted);
});

test('src/cli/reasons.ts explains every reason that the node programs can give, and no other', () => {
  const programs = Object.entries(nodePrograms()).filter(([name]) => name.endsWith('.sh'));
  const reason =
    /(?:\b(?:fail|failed|stay|fail_and_release|roll_back|roll_back_switch|interrupted|withdraw|(?:annotate|report) [a-z]+|event (?:Warning|Normal)) |REASON=|REFUSED=)([A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*)\b/g;
  const given = programs.flatMap(([, program]) => [...program.matchAll(reason)].map((match) => match[1] ?? ''));
  expect(Object.keys(REASONS).sort()).toEqual([...new Set(given)].sort());
});

/** A setting has one name for constructs and Helm, and another for kustomize; who reads a message knows one of the two. */
test('a message or a remedy gives both names of a setting', () => {
  const deploy = join(__dirname, '..', '..', 'deploy');
  const { node } = parse(readFileSync(join(deploy, 'chart', 'values.yaml'), 'utf8'));
  const keys = readFileSync(join(deploy, 'base', 'settings.env'), 'utf8');
  const setting = RegExp(`\\bnode\\.(?:${Object.keys(node).join('|')})\\b(?:\`? \\(\`?([A-Z_]+))?`, 'g');
  const texts = [...Object.values(nodePrograms()), ...Object.values(REASONS).map((one) => one.meaning + one.remedy)];
  const named = texts.flatMap((text) => [...text.matchAll(setting)]);
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter(([, key]) => !key || !RegExp(`^${key}=`, 'm').test(keys)).map(([text]) => text)).toEqual([]);
  const ofConstructs = texts.flatMap((text) => text.split('\n')).filter((line) => /^[^#]*\bthe prop\b/.test(line));
  expect(ofConstructs).toEqual([]);
});
