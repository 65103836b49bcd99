import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REASONS } from '../../src/cli/reasons';

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

test('docs/reference/node.md has the reasons that `status` explains (else: WRITE_DOCS=1 npx jest cli/reasons, and commit)', () => {
  const text = readFileSync(page, 'utf8');
  const reasons = Object.entries(REASONS).sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = reasons.map(([reason, { meaning, remedy }]) => [`\`${reason}\``, meaning, remedy || '–']);
  const wanted = text.replace(table, () => aligned([['reason', 'what is wrong', 'what to do'], ...rows]));
  if (process.env.WRITE_DOCS) writeFileSync(page, wanted);
  expect(readFileSync(page, 'utf8')).toBe(wanted);
});
