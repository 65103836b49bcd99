import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodePrograms } from '../../src/installer/node-files';
import { compile } from './compile';

const root = join(__dirname, '..', '..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true }).map((name) => join('docs', `${name}`)),
].filter((name) => name.endsWith('.md'));
const text = (page: string) => readFileSync(join(root, page), 'utf8');
const blocks = (page: string, language: string) =>
  [...text(page).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1] ?? '');

test('every TypeScript block of the documentation compiles', () => {
  const programs = pages.flatMap((page) =>
    blocks(page, 'ts').map((code, i) => [`${page.replaceAll(/[/.]/g, '-')}-${i}`, code] as const),
  );
  expect(programs.length).toBeGreaterThan(4);
  compile(Object.fromEntries(programs));
}, 60_000);

test('every link to a file of the repository leads somewhere', () => {
  const broken = pages.flatMap((page) =>
    [...text(page).matchAll(/\]\(([^)#:]+)\)/g)]
      .map((match) => join(page, '..', match[1] ?? ''))
      .filter((path) => {
        try {
          readdirSync(join(root, path));
          return false;
        } catch (error) {
          return (error as NodeJS.ErrnoException).code !== 'ENOTDIR';
        }
      })
      .map((path) => `${page}: ${path}`),
  );
  expect(broken).toEqual([]);
});

test('every reason that the node programs can give is explained, and no other', () => {
  const programs = Object.entries(nodePrograms()).filter(([name]) => name.endsWith('.sh'));
  const reason =
    /(?:\b(?:fail|failed|stay|fail_and_release|roll_back|roll_back_switch|interrupted|withdraw|annotate validated|event Warning|event Normal) |REASON=|REFUSED=)([A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*)\b/g;
  const given = programs.flatMap(([, program]) => [...program.matchAll(reason)].map((match) => match[1] ?? ''));
  const explained = [...text('docs/reference/node.md').matchAll(/^\| `([A-Z][A-Za-z0-9]+)` +\|/gm)].map(
    (match) => match[1] ?? '',
  );
  expect([...new Set(explained)].sort()).toEqual([...new Set(given)].sort());
});

test.each([
  ['docs/explanation/outages.md', 40],
  ['docs/reference/features.md', 20],
])('every test that %s names is there', (page, least) => {
  const named = [...text(page).matchAll(/`(test\/[^`]+)`(?: › ([^|,]+(?:, [^`|]+)?))?/g)];
  expect(named.length).toBeGreaterThanOrEqual(least);
  const missing = named.filter(
    ([, file = '', title = '']) => !text(file).replaceAll("\\'", "'").includes(title.trim()),
  );
  expect(missing.map((row) => row[0])).toEqual([]);
});
