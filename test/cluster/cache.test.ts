import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached, run } from './cache';

const directory = mkdtempSync(join(tmpdir(), 'cache-'));
process.env.CDK8S_SYSBOX_CACHE = directory;

afterAll(() => rmSync(directory, { recursive: true }));

test('two runs at the same time make a thing once', async () => {
  let made = 0;
  const make = async (path: string) => {
    made++;
    await new Promise((resolve) => setTimeout(resolve, 200));
    writeFileSync(path, 'content');
  };
  const paths = await Promise.all([cached('thing-1', make), cached('thing-1', make), cached('thing-1', make)]);
  expect(made).toBe(1);
  expect(new Set(paths)).toEqual(new Set([join(directory, 'thing-1')]));
  expect(readFileSync(join(directory, 'thing-1'), 'utf8')).toBe('content');
});

test('what could not be made leaves nothing behind, and the next run tries again', async () => {
  const half = async (path: string) => {
    writeFileSync(path, 'half');
    throw new Error('no network');
  };
  await expect(cached('thing-2', half)).rejects.toThrow('no network');
  expect(readdirSync(directory).filter((name) => name.startsWith('thing-2'))).toEqual(['thing-2.lock']);
  await cached('thing-2', async (path) => writeFileSync(path, 'whole'));
  expect(readFileSync(join(directory, 'thing-2'), 'utf8')).toBe('whole');
});

test('a missing program is reported with what it is needed for', async () => {
  await expect(run('no-such-go', [], { otherwise: 'Go is needed once.' })).rejects.toThrow(
    /^Go is needed once\.\n.*ENOENT/,
  );
});

test('a failing program is reported with its last words', async () => {
  const failing = run('sh', ['-c', 'echo "proxy unreachable" >&2; exit 3'], { otherwise: 'The proxy is needed.' });
  await expect(failing).rejects.toThrow(/^The proxy is needed\.\n.*exit 3\nproxy unreachable/s);
});
