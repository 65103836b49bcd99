import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkedCommand } from '../../src/core/program-files';
import { SHELL_NAMES, SHELLS } from '../support/shells';
import { Bench, needTools } from './bench';

needTools();

// Upper case before lower case: the order of bytes, not that of a locale.
const FILES = { 'run.sh': 'echo "ran ${1:-} ${2:-}"; exit 3\n', 'b.sh': 'x', 'B.sh': 'y', 'a-b.sh': '', 'a.sh': 'z\n' };

describe.each(SHELL_NAMES)('%s', (shell) => {
  let bench: Bench;
  let directory: string;

  beforeEach(() => {
    bench = new Bench(shell);
    directory = join(bench.directory, 'programs');
    // As the kubelet mounts a ConfigMap.
    mkdirSync(join(directory, '..data'), { recursive: true });
    for (const [name, text] of Object.entries(FILES)) {
      writeFileSync(join(directory, '..data', name), text);
      symlinkSync(join('..data', name), join(directory, name));
    }
  });
  afterEach(() => bench.dispose());

  const run = (...args: string[]) => {
    const [, ...words] = checkedCommand(directory, FILES, 'run.sh', ...args);
    const [command = '', ...options] = SHELLS[shell];
    return spawnSync(command, [...options, ...words], { encoding: 'utf8', env: { PATH: bench.path } });
  };

  test('runs the program with its arguments, and with its exit code', () => {
    expect(run('one', 'two words')).toMatchObject({ stdout: 'ran one two words\n', stderr: '', status: 3 });
  });

  test.each([
    ['a changed program', () => writeFileSync(join(directory, 'run.sh'), FILES['run.sh'].replace('${1:-}', ''))],
    ['another changed file', () => writeFileSync(join(directory, 'a.sh'), 'z')],
    ['a file that is missing', () => rmSync(join(directory, 'b.sh'))],
    ['a file too many', () => writeFileSync(join(directory, 'c.sh'), '')],
    ['a directory that is missing', () => rmSync(directory, { recursive: true })],
  ])('refuses %s', (_, change) => {
    change();
    const { status, stdout, stderr } = run();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`The files in ${directory} differ from those that cdk8s-sysbox rendered`);
  });
});
