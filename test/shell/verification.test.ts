import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHELLS } from '../support/shells';
import { needTools, POD_PROGRAMS } from './bench';

needTools();

const PROGRAM = readFileSync(join(POD_PROGRAMS, 'verification.sh'), 'utf8');
const SYSBOX = 'overlay / overlay rw 0 0\nsysboxfs /proc/sys fuse rw,nosuid 0 0\n';
const OWN = '         0  1848770560      65536\n';

/** As the kubelet runs it: the text is an argument, and what it reads is a pod's. */
describe.each(Object.entries(SHELLS))('in the verification pod, under %s', (_, [shell = '', ...args]) => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-verification-'));
    mkdirSync(join(root, 'proc/self'), { recursive: true });
    mkdirSync(join(root, 'etc/verification'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function run(idMap: string, mounts: string, name = 'verify-a'): { status: number | null; stderr: string } {
    writeFileSync(join(root, 'proc/self/uid_map'), idMap);
    writeFileSync(join(root, 'proc/self/mounts'), mounts);
    // A downward API file has no newline at its end.
    writeFileSync(join(root, 'etc/verification/name'), name);
    const env = { ...process.env, SYSBOX_ROOT: root };
    return spawnSync(shell, [...args, '-c', PROGRAM], { encoding: 'utf8', env });
  }

  test('a user namespace, sysboxfs and the volume are the proof', () => {
    expect(run(OWN, SYSBOX)).toMatchObject({ status: 0, stderr: '' });
  });

  test.each([
    [
      'the user namespace of the host',
      '         0          0 4294967295\n',
      SYSBOX,
      'v',
      'no user namespace of its own',
    ],
    ['runc', OWN, 'overlay / overlay rw 0 0\n', 'v', 'no sysboxfs mounts: another runtime runs it'],
    ['an empty volume', OWN, SYSBOX, '', 'the volume with the name of the pod is empty'],
  ])('%s is not', (_what, idMap, mounts, name, message) => {
    const { status, stderr } = run(idMap, mounts, name);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
  });
});

test('the kubelet finds nothing to replace in the program', () => {
  expect(PROGRAM.replaceAll(/^#.*$/gm, '')).not.toMatch(/\$\(|\$\$/);
});
