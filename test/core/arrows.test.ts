// The arrows of the architecture: which room may import which. Type-only imports count.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const SRC = join(__dirname, '..', '..', 'src');

const BELOW: Record<string, string[]> = (() => {
  const rules = ['core'];
  const workloads = ['rules', 'runtime', ...rules];
  const docker = ['workloads', ...workloads];
  const systemd = ['docker', ...docker];
  const k3s = ['systemd', ...systemd];
  return {
    ...{ core: [], runtime: ['core'], containerd: ['core'], rules, workloads, docker, systemd, k3s },
    ...{ k3k: ['k3s', ...k3s], agents: ['k3s', ...k3s] },
    installer: ['containerd', 'runtime', 'core'],
    policy: ['rules', 'runtime', 'core'],
    cli: ['rules', 'workloads', 'core'],
  };
})();

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

/** The files of src/ that a file imports or exports from, also for their types only. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const found = [...text.matchAll(/(?:\bfrom|\bimport|\brequire\() ?\(?'(\.[^']*)'/g)].map(([, path]) =>
    relative(SRC, join(SRC, dirname(file), path ?? '')),
  );
  return found
    .flatMap((path) => [`${path}.ts`, join(path, 'index.ts')])
    .filter((path) => !path.startsWith('..') && existsSync(join(SRC, path)));
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));
const roomOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');

test('every room is in the table', () => {
  expect(new Set(files.map(roomOf).filter(Boolean))).toEqual(
    new Set(Object.keys(BELOW).filter((room) => existsSync(join(SRC, room)))),
  );
  expect([...imports.values()].flat().length).toBeGreaterThan(300);
});

test('a room imports only rooms below it', () => {
  const wrong = [...imports].flatMap(([file, found]) =>
    found
      .filter(
        (path) => roomOf(file) !== '' && roomOf(path) !== roomOf(file) && !BELOW[roomOf(file)]?.includes(roomOf(path)),
      )
      .map((path) => `${file} -> ${path}`),
  );
  expect(wrong).toEqual([]);
});

test('nothing imports the index of the package', () => {
  expect([...imports].filter(([, found]) => found.includes('index.ts'))).toEqual([]);
});

test('no imports form a circle', () => {
  const state = new Map<string, 'open' | 'done'>();
  const circles: string[] = [];
  const visit = (file: string, path: string[]): void => {
    if (state.get(file) === 'open') circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (state.has(file)) return;
    state.set(file, 'open');
    for (const next of imports.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});
