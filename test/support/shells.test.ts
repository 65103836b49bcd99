import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedShells, shellsOfImage } from './shells';

let path: string;
const warn = jest.spyOn(console, 'warn').mockImplementation();
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'shells-'));
  warn.mockClear();
});
afterEach(() => rmSync(path, { recursive: true }));

/** A PATH that has these commands only. */
function withOnly(...commands: string[]): NodeJS.ProcessEnv {
  for (const command of commands) {
    writeFileSync(join(path, command), '#!/bin/sh\n');
    chmodSync(join(path, command), 0o755);
  }
  return { PATH: path };
}

const missing = (names: string) =>
  `Programs of pods are NOT tested under ${names}, which is not on the PATH. Install it (Debian: apt-get install dash busybox-static bash)`;

test('all shells', () => {
  expect(installedShells(undefined, withOnly('dash', 'busybox', 'bash'))).toEqual([
    ['dash', ['dash']],
    ['busybox ash', ['busybox', 'ash']],
    ['bash --posix', ['bash', '--norc', '--posix']],
  ]);
  expect(warn).not.toHaveBeenCalled();
});

test('a missing shell is reported', () => {
  const env = withOnly('dash', 'bash');

  expect(installedShells(['dash', 'busybox ash'], env)).toEqual([['dash', ['dash']]]);
  expect(warn).toHaveBeenCalledWith(`${missing('busybox ash')}. CI has it`);
});

test('a missing shell is an error in CI', () => {
  const env = { ...withOnly('bash'), CI: 'true' };

  expect(() => installedShells(['dash', 'bash --posix'], env)).toThrow(missing('dash'));
});

test('no shell at all is an error', () => {
  expect(() => installedShells(['dash'], withOnly('bash'))).toThrow(missing('dash'));
});

test('`npm test` takes the first shell of an image, the project `shell` all', () => {
  const names = () => shellsOfImage(['dash', 'bash --posix']).map(([name]) => name);

  expect(names()).toEqual(['dash']);
  try {
    Object.assign(globalThis, { EVERY_SHELL: true });
    expect(names()).toEqual(['dash', 'bash --posix']);
  } finally {
    Reflect.deleteProperty(globalThis, 'EVERY_SHELL');
  }
});
