import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { sourcesOf, textOfFile } from '../../src/cli/sources';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'sources-'));
afterAll(() => fs.rmSync(root, { recursive: true }));

function write(name: string, content: string | Buffer = ''): string {
  const file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return file;
}

for (const name of [
  'a/one.yaml',
  'a/b/two.yml',
  'a/b/three.json',
  'a/b/notes.txt',
  'a/node_modules/x.yaml',
  'c/[d]/four.yaml',
])
  write(name);

const names = (...args: Parameters<typeof sourcesOf>) =>
  sourcesOf(
    args[0].map((arg) => path.join(root, arg)),
    args[1],
  ).files.map((file) => path.relative(root, file));

test.each<[string, string[], string[] | undefined, string[]]>([
  ['a file, whatever its name', ['a/b/notes.txt'], undefined, ['a/b/notes.txt']],
  ['a directory', ['a'], undefined, ['a/b/three.json', 'a/b/two.yml', 'a/one.yaml']],
  ['a glob', ['a/*.yaml'], undefined, ['a/one.yaml']],
  ['a glob across directories', ['**/*.{yaml,json}'], undefined, ['a/b/three.json', 'a/one.yaml', 'c/[d]/four.yaml']],
  ['a glob with a class', ['a/b/t[hw]*.yml'], undefined, ['a/b/two.yml']],
  ['a directory that looks like a glob', ['c/[d]'], undefined, ['c/[d]/four.yaml']],
  ['a file twice', ['a/one.yaml', 'a/*.yaml'], undefined, ['a/one.yaml']],
  ['no excluded name', ['a'], ['b'], ['a/one.yaml']],
  ['no excluded path', ['a'], ['**/b/*.json'], ['a/b/two.yml', 'a/one.yaml']],
])('finds %s', (_, args, exclude, expected) => {
  expect(names(args, exclude)).toEqual(expected);
});

test.each([
  ['a missing file', 'nowhere.yaml', 'no such file or directory'],
  ['a glob without a match', 'a/*.yamll', 'the pattern matches no file'],
  [
    'a directory without manifests',
    'empty',
    'contains no .yaml, .yml, .json file. Name the directory of the manifests',
  ],
])('reports %s, and finds the others', (_, arg, reason) => {
  fs.mkdirSync(path.join(root, 'empty'), { recursive: true });
  const file = path.join(root, arg);

  expect(sourcesOf([file, path.join(root, 'a/one.yaml')])).toEqual({
    files: [path.join(root, 'a/one.yaml')],
    missing: [{ file, reason }],
  });
});

test('follows links, and a loop of them once', () => {
  write('loop/one.yaml');
  fs.symlinkSync('..', path.join(root, 'loop', 'again'));
  fs.symlinkSync(path.join(root, 'a', 'b'), path.join(root, 'loop', 'linked'));

  const found = names(['loop']);
  for (const name of ['one.yaml', 'two.yml', 'four.yaml']) {
    expect(found.filter((file) => path.basename(file) === name).length).toBeGreaterThanOrEqual(1);
  }
  expect(found.filter((file) => file.endsWith('loop/one.yaml'))).toEqual(['loop/one.yaml']);
  expect(found.filter((file) => file.endsWith('two.yml'))).toHaveLength(1);
});

test.each<[string, Buffer]>([
  ['UTF-8', Buffer.from('kind: Päd')],
  ['UTF-8 with a byte order mark', Buffer.from('\ufeffkind: Päd')],
  ['UTF-16, little endian', Buffer.from('\ufeffkind: Päd', 'utf16le')],
  ['UTF-16, big endian', Buffer.from('\ufeffkind: Päd', 'utf16le').swap16()],
])('decodes %s', (name, bytes) => {
  expect(textOfFile(write(`encoded/${name}.yaml`, bytes))).toBe('kind: Päd');
});

test('refuses a binary file', () => {
  expect(() => textOfFile(write('encoded/binary.yaml', Buffer.from([0x7f, 0x45, 0, 1])))).toThrow('a binary file');
});
