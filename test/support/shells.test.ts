import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedShells, shellsForPods } from './shells';

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

test('`npm test` runs the programs of pods under the first shell that is installed, `test:shell` under all', () => {
  const names = (...installed: string[]) =>
    shellsForPods(['busybox ash', 'dash'], withOnly(...installed)).map(([name]) => name);

  expect(names('busybox', 'dash')).toEqual(['busybox ash']);
  try {
    Object.assign(globalThis, { EVERY_SHELL: true });
    expect(names('busybox', 'dash')).toEqual(['busybox ash', 'dash']);
  } finally {
    Reflect.deleteProperty(globalThis, 'EVERY_SHELL');
  }
});

test('without busybox, `npm test` says so and runs them under dash', () => {
  expect(shellsForPods(['busybox ash', 'dash'], withOnly('dash'))).toEqual([['dash', ['dash']]]);
  expect(warn).toHaveBeenCalledWith(`${missing('busybox ash')}. CI has it`);
});
