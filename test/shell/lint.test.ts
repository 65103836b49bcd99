import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { SHELLS } from '../support/shells';
import { HOST_PROGRAMS, needTools, POD_PROGRAMS } from './bench';

needTools();

const ENGINES = join(HOST_PROGRAMS, 'engines');
const scripts = [HOST_PROGRAMS, POD_PROGRAMS, ENGINES].flatMap((directory) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.sh'))
    .map((name) => join(directory, name)),
);
const entryPoints = [
  join(HOST_PROGRAMS, 'host.sh'),
  join(POD_PROGRAMS, 'coordinator.sh'),
  join(POD_PROGRAMS, 'verification.sh'),
];

test.each(entryPoints)('shellcheck has nothing to say about %s and what it reads', (program) => {
  const { stdout, stderr, status } = spawnSync('shellcheck', ['-x', '-P', 'SCRIPTDIR', program], {
    encoding: 'utf8',
  });
  expect(stdout + stderr).toBe('');
  expect(status).toBe(0);
});

// host.sh names one engine for shellcheck; the others stand in its place here.
test.each(readdirSync(ENGINES))('shellcheck has nothing to say about host.sh with the engine %s', (engine) => {
  const copy = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-lint-'));
  try {
    cpSync(HOST_PROGRAMS, copy, { recursive: true });
    const loader = join(copy, 'node.sh');
    const named = readFileSync(loader, 'utf8').replace('source=engines/k3s.sh', `source=engines/${engine}`);
    expect(named).toContain(`source=engines/${engine}`);
    writeFileSync(loader, named);
    const { stdout, stderr } = spawnSync('shellcheck', ['-x', '-P', 'SCRIPTDIR', join(copy, 'host.sh')], {
      encoding: 'utf8',
    });
    expect(stdout + stderr).toBe('');
  } finally {
    rmSync(copy, { recursive: true });
  }
});

// `cmd <FILE 2>/dev/null`: the shell opens FILE first, and complains where it is missing (seen in the log of the installer's pod on a
// kernel without a security module). In braces it does not.
test('what silences the complaint about a missing file stands around its redirection', () => {
  const lines = scripts.flatMap((script) => readFileSync(script, 'utf8').split('\n'));
  expect(lines.filter((line) => /[^<]<[^<>&|;(}]+ 2>\/dev\/null/.test(line))).toEqual([]);
});

test('no program but those of the engines names an engine', () => {
  const names = readdirSync(ENGINES).map((name) => name.replace('.sh', ''));
  const naming = readdirSync(HOST_PROGRAMS)
    .filter((name) => name.endsWith('.sh'))
    .map((name) => [name, readFileSync(join(HOST_PROGRAMS, name), 'utf8').replaceAll('source=engines/k3s.sh', '')])
    .filter(([, text]) =>
      names.filter((name) => name !== 'containerd').some((name) => new RegExp(name, 'i').test(text ?? '')),
    )
    .map(([name]) => name);
  expect(naming).toEqual([]);
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

// node.sh reads what an engine begins with, each time that it reads one.
test('host.sh, node.sh and coordinator.sh read every other script', () => {
  const read = [...entryPoints, join(HOST_PROGRAMS, 'node.sh')].map((name) => readFileSync(name, 'utf8')).join('');
  const unread = scripts.filter(
    (name) => !entryPoints.includes(name) && !name.startsWith(ENGINES) && !read.includes(`"$HERE/${basename(name)}"`),
  );
  expect(unread).toEqual([]);
});

describe.each(Object.entries(SHELLS))('%s', (_, [shell = '', ...args]) => {
  test.each(scripts)('parses %s', (script) => {
    const { stderr, status } = spawnSync(shell, [...args, '-n', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
