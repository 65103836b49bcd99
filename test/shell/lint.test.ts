import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { HOST_PROGRAMS, needTools, POD_PROGRAMS, SHELLS } from './shells';

beforeAll(needTools);

const scripts = [HOST_PROGRAMS, POD_PROGRAMS].flatMap((directory) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.sh'))
    .map((name) => join(directory, name)),
);
const entryPoints = [join(HOST_PROGRAMS, 'host.sh'), join(POD_PROGRAMS, 'coordinator.sh')];

test.each(entryPoints)('shellcheck has nothing to say about %s and what it reads', (program) => {
  const { stdout, stderr, status } = spawnSync('shellcheck', ['-x', '-P', 'SCRIPTDIR', program], {
    encoding: 'utf8',
  });
  expect(stdout + stderr).toBe('');
  expect(status).toBe(0);
});

const root = join(HOST_PROGRAMS, '..', '..', '..', '..');
const podPrograms = ['core', 'docker', 'k3s', 'systemd'].flatMap((room) =>
  readdirSync(join(root, 'src', room), { recursive: true })
    .map((name) => join('src', room, `${name}`))
    .filter((name) => name.endsWith('.sh')),
);

test.each(podPrograms)('shellcheck has nothing to say about %s, which runs in a pod', (program) => {
  const { stdout, stderr, status } = spawnSync('shellcheck', ['-x', '-P', 'SCRIPTDIR', program], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(readFileSync(join(root, program), 'utf8')).not.toMatch(/shellcheck disable/);
  expect(stdout + stderr).toBe('');
  expect(status).toBe(0);
});

test('no script switches a rule of shellcheck off', () => {
  const exceptions = scripts.filter((name) => /shellcheck disable/.test(readFileSync(name, 'utf8')));
  expect(exceptions).toEqual([]);
});

test('host.sh and coordinator.sh read every other script', () => {
  const read = ['host.sh', 'coordinator.sh'].map((name) => readFileSync(name, 'utf8')).join('');
  const unread = scripts.filter((name) => !entryPoints.includes(name) && !read.includes(`"$HERE/${basename(name)}"`));
  expect(unread).toEqual([]);
});

describe.each(Object.entries(SHELLS))('%s', (_, { command: [shell = '', ...args] }) => {
  test.each(scripts)('parses %s', (script) => {
    const { stderr, status } = spawnSync(shell, [...args, '-n', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
