import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
