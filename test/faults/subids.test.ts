import { statSync } from 'node:fs';
import { FakeNode, type NodeOptions } from './world';

jest.setTimeout(120_000);

const nodes: FakeNode[] = [];
const make = (foreign: Record<string, string>, options: NodeOptions = {}) => {
  const node = new FakeNode({ ...options, foreign });
  nodes.push(node);
  return node;
};
afterEach(() => nodes.splice(0).forEach((node) => node.dispose()));

const files = (node: FakeNode) => [node.read('/etc/subuid'), node.read('/etc/subgid')];

describe('the range of sysbox-mgr', () => {
  const added = (foreign: Record<string, string>) => {
    const node = make(foreign);
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    return files(node);
  };

  test('is added before the daemon starts, which would drop comments and lose the rest on a full disk', () => {
    expect(added({})).toEqual(['# theirs\nbob:165536:65536\nsysbox:100000:65536\n', 'sysbox:100000:65536\n']);
  });

  test.each([
    ['the first hole that is large enough', 'a:100000:10\nb:200000:65536\nc:120000:50000\nd:400000:1\n', 265536],
    ['after ranges that overlap', 'a:100000:200000\nb:150000:10\n', 300000],
    ['behind the others', 'a:100000:65536\nb:165536:65536', 231072],
    ['from the minimum on', 'a:1000:100\n# b:100000:65536\n', 100000],
    ['after numbers with leading zeros, which are not octal', 'a:0100000:0065536\n', 165536],
    ['indifferent to lines that no program understands', 'a:x:65536\nb:100000\n::\nc:100000:-5\n\n', 100000],
    ['below the end of the 32-bit ids', 'a:100000:4294000000\n', 4294100000],
  ])('is %s', (_, ranges, first) => {
    const line = `sysbox:${first}:65536\n`;
    expect(added({ '/etc/subuid': ranges })).toEqual([`${ranges.trimEnd()}\n${line}`, line]);
  });

  test('is one that is free in both files', () => {
    const found = added({ '/etc/subuid': 'a:100000:65536\n', '/etc/subgid': 'a:165536:65536\n' });
    expect(found).toEqual(['a:100000:65536\nsysbox:231072:65536\n', 'a:165536:65536\nsysbox:231072:65536\n']);
  });

  test('is the one that sysbox has in the other file already', () => {
    const found = added({ '/etc/subuid': 'bob:1:1\n', '/etc/subgid': 'sysbox:0500000:65536\n' });
    expect(found).toEqual(['bob:1:1\nsysbox:500000:65536\n', 'sysbox:0500000:65536\n']);
  });

  test('begins within the limits of login.defs for users and for groups', () => {
    const defs = '# SUB_UID_MIN 1\nSUB_UID_MIN\t\t  500000\nSUB_GID_MIN 600000\n';
    expect(added({ '/etc/login.defs': defs, '/etc/subuid': '' })).toEqual([
      'sysbox:600000:65536\n',
      'sysbox:600000:65536\n',
    ]);
  });

  test('is written to the target of a link, and the link stays', () => {
    const node = make({});
    node.sh('cd "$SYSBOX_ROOT/etc" && mv subuid ids && ln -s ids subuid');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.sh('readlink "$SYSBOX_ROOT/etc/subuid"').stdout).toBe('ids\n');
    expect(node.read('/etc/ids')).toBe('# theirs\nbob:165536:65536\nsysbox:100000:65536\n');
  });

  test('leaves mode and owner of the files', () => {
    const node = make({});
    node.sh('chmod 640 "$SYSBOX_ROOT/etc/subuid"; chown 7:8 "$SYSBOX_ROOT/etc/subuid"');
    node.converge();
    const { mode, uid, gid } = statSync(node.path('/etc/subuid'));
    expect([mode & 0o777, uid, gid]).toEqual([0o640, 7, 8]);
  });
});

describe('ranges that sysbox-mgr could not use are refused, and no file is changed:', () => {
  test.each<[string, string, string, string]>([
    ['host id 0', 'sysbox:0:65536\n', '', "the range of sysbox is '0:65536'"],
    ['no first id', 'sysbox::65536\n', 'sysbox::65536\n', "the range of sysbox is '(unreadable)'"],
    ['another count', 'sysbox:100000:1000\n', '', "the range of sysbox is '100000:1000'"],
    ['two ranges', 'sysbox:100000:65536\nsysbox:200000:65536\n', '', 'the range of sysbox is'],
    [
      'two that differ',
      'sysbox:100000:65536\n',
      'sysbox:200000:65536\n',
      'sysbox has 100000:65536 in /etc/subuid and 200000:65536',
    ],
    [
      'one that is taken in the other file',
      'sysbox:100000:65536\n',
      'eve:165535:1\n',
      'and eve has some of these ids in',
    ],
    ['nothing free', 'a:1:4294967294\n', '', 'no range is free in both files'],
  ])('%s', (_, uids, gids, message) => {
    const node = make({ '/etc/subuid': uids, '/etc/subgid': gids });
    const status = node.converge();
    expect(status).toMatchObject({ stage: 'failed', reason: 'SubIds' });
    expect(status.message).toContain(message);
    expect(files(node)).toEqual([uids, gids]);
    expect(node.exists('/opt/sysbox/current')).toBe(false);
  });
});

describe("shadow's lock", () => {
  test('of a program that runs is waited for, and then the change is refused', () => {
    const node = make({ '/etc/subuid.lock': '777' });
    node.write('/proc/777/comm', 'useradd\n');
    const status = node.converge();
    expect(status).toMatchObject({ stage: 'failed', reason: 'SubIds' });
    expect(status.message).toContain('/etc/subuid is locked by another program');
    expect(node.read('/etc/subuid.lock')).toBe('777');
    expect(node.read('/etc/subuid')).not.toContain('sysbox');
  });

  test('of a program that is gone is stale', () => {
    const node = make({ '/etc/subgid.lock': '778' });
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.exists('/etc/subgid.lock')).toBe(false);
  });
});

describe('an uninstall', () => {
  test('removes only the range of sysbox-mgr from a file that somebody has changed since', () => {
    const node = make({});
    node.converge();
    node.write('/etc/subuid', `${node.read('/etc/subuid')}eve:300000:65536\n`);
    node.run('uninstall');
    expect(node.read('/etc/subuid')).toBe('# theirs\nbob:165536:65536\neve:300000:65536\n');
    expect(node.exists('/etc/subgid')).toBe(false);
    expect(node.exists('/etc/subuid.lock')).toBe(false);
  });

  test.each<[string, Record<string, string>, string[]]>([
    [
      'leaves ranges that existed before',
      { '/etc/subuid': 'sysbox:500000:65536\n', '/etc/subgid': 'sysbox:500000:65536\n' },
      ['sysbox:500000:65536\n', 'sysbox:500000:65536\n'],
    ],
    [
      'leaves a range that existed in one file, and removes the one that was added to the other',
      { '/etc/subgid': 'sysbox:500000:65536\n' },
      ['# theirs\nbob:165536:65536\n', 'sysbox:500000:65536\n'],
    ],
  ])('%s', (_, foreign, left) => {
    const node = make(foreign);
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.read('/etc/subuid')).toContain('sysbox:');
    node.run('uninstall');
    expect(files(node)).toEqual(left);
  });
});
