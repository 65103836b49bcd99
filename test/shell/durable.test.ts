import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SHELL_NAMES } from '../support/shells';
import { Bench, needTools } from './bench';

needTools();

const BASE = ['paths', 'durable', 'journal'];

describe.each(SHELL_NAMES)('under %s', (shell) => {
  let bench: Bench;
  beforeEach(() => void (bench = new Bench(shell)));
  afterEach(() => bench.dispose());

  const state = (name: string) => join(bench.root, 'var/lib/cdk8s-sysbox', name);
  const run = (snippet: string, env: Record<string, string> = {}) => bench.output(BASE, snippet, env);

  test('write_file writes content and mode, and leaves nothing next to it', () => {
    run('printf "a\\nb\\n" | write_file "$ROOT/file" 640');
    expect(readFileSync(join(bench.root, 'file'), 'utf8')).toBe('a\nb\n');
    expect(statSync(join(bench.root, 'file')).mode & 0o777).toBe(0o640);
    expect(readdirSync(bench.root).sort()).toEqual(['file', 'var']);
  });

  test('write_file does not touch a file that has the content', () => {
    run('echo a | write_file "$ROOT/file"');
    const before = statSync(join(bench.root, 'file'));
    run('echo a | write_file "$ROOT/file"');
    expect(statSync(join(bench.root, 'file')).ino).toBe(before.ino);
  });

  test('write_file keeps the old content when the new cannot be written', () => {
    mkdirSync(join(bench.root, 'file.cdk8s-sysbox-new'));
    writeFileSync(join(bench.root, 'file'), 'old');
    const { status } = bench.run(BASE, 'echo new | write_file "$ROOT/file" || echo refused; cat "$ROOT/file"');
    expect(status).toBe(0);
    expect(readFileSync(join(bench.root, 'file'), 'utf8')).toBe('old');
  });

  test('record replaces, keeps and adds, whatever the values hold', () => {
    run(String.raw`record state=committed 'message=a "b" \n \c c=d' change=1
      record state=verified added=yes`);
    expect(run('journal state; journal message; journal change; journal added; journal none')).toBe(
      'verified\na "b" \\n \\c c=d\n1\nyes\n',
    );
  });

  test('record makes one line of a message', () => {
    run('record "message=one\ntwo\tthree"');
    expect(run('journal message')).toBe('one two three\n');
    expect(readFileSync(state('journal'), 'utf8').split('\n')).toHaveLength(2);
  });

  test('json_string escapes what JSON needs', () => {
    const nasty = 'quote " backslash \\ newline \n tab \t bell \u0007 umlaut ü';
    const json = run('printf \'"%s"\' "$(json_string "$NASTY")"', { NASTY: nasty });
    expect(JSON.parse(json)).toBe('quote " backslash \\ newline   tab   bell  umlaut ü');
  });

  test('report writes JSON and says it on standard error', () => {
    const { stderr } = bench.run(BASE, 'RUN=run-1 report failed Reason \'it said "no"\'');
    expect(JSON.parse(readFileSync(state('status.json'), 'utf8'))).toMatchObject({
      run: 'run-1',
      stage: 'failed',
      reason: 'Reason',
      message: 'it said "no"',
    });
    expect(stderr).toBe('cdk8s-sysbox: failed Reason: it said "no"\n');
  });

  test('put_file notes the file and the directories that it makes, once', () => {
    run('for i in 1 2; do echo "# Written by cdk8s-sysbox" | put_file "$ROOT/etc/new/file"; done');
    expect(readFileSync(state('owned'), 'utf8')).toBe(
      `${bench.root}/etc\n${bench.root}/etc/new\n${bench.root}/etc/new/file\n`,
    );
  });

  test("put_file refuses somebody else's file", () => {
    writeFileSync(join(bench.root, 'file'), 'theirs');
    const { status } = bench.run(BASE, 'echo ours | put_file "$ROOT/file"');
    expect(status).toBe(1);
    expect(readFileSync(join(bench.root, 'file'), 'utf8')).toBe('theirs');
    expect(existsSync(state('owned'))).toBe(false);
  });

  test('put_file refuses a file in the place of ours that does not say it is', () => {
    run('echo "# Written by cdk8s-sysbox" | put_file "$ROOT/file"');
    writeFileSync(join(bench.root, 'file'), 'theirs');
    expect(bench.run(BASE, 'echo ours | put_file "$ROOT/file"').status).toBe(1);
    expect(readFileSync(join(bench.root, 'file'), 'utf8')).toBe('theirs');
  });

  test('disown takes one path from the list', () => {
    run('own "$ROOT/a"; own "$ROOT/a.b"; own "$ROOT/axb"; disown "$ROOT/a.b"');
    expect(readFileSync(state('owned'), 'utf8')).toBe(`${bench.root}/a\n${bench.root}/axb\n`);
  });

  test('copy_file keeps the mode, and a link', () => {
    writeFileSync(join(bench.root, 'from'), 'x');
    chmodSync(join(bench.root, 'from'), 0o604);
    symlinkSync('from', join(bench.root, 'link'));
    run('copy_file "$ROOT/from" "$ROOT/to"; copy_file "$ROOT/link" "$ROOT/to-link"');
    expect(statSync(join(bench.root, 'to')).mode & 0o777).toBe(0o604);
    expect(run('readlink "$ROOT/to-link"')).toBe('from\n');
  });

  test('point_to turns a link in one step, and not at all when it points there', () => {
    run('point_to "$ROOT/link" one; point_to "$ROOT/link" two');
    expect(run('readlink "$ROOT/link"')).toBe('two\n');
    expect(run('mv() { echo moved; }; point_to "$ROOT/link" two')).toBe('');
  });

  test.each([
    ['6.12.48+deb13-amd64', '5.19', true],
    ['5.4.0-200-generic', '5.19', false],
    ['5.19', '5.19', true],
    ['v2.0.4-k3s1', '2.0.5', false],
    ['v2.0.10', '2.0.5', true],
    ['2.3.2-k3s2', '2.0.5', true],
    ['1.7.23', '2.0.5', false],
    ['0.7.1', '0.7.1', true],
    ['0.7.0', '0.7.1', false],
    ['10', '9.9', true],
  ])('at_least says of %s and %s: %p', (have, want, holds) => {
    const { status } = bench.run([...BASE, 'preflight'], `at_least ${have} ${want}`);
    expect(status).toBe(holds ? 0 : 1);
  });
});
