// Our rules in AppArmor's own parser: it compiles them without a kernel that has AppArmor. Not shown here: that the kernel then allows
// the mounts of sysbox-fs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, needTools } from './bench';

needTools('apparmor_parser');

let bench: Bench;
beforeEach(() => void (bench = new Bench('dash')));
afterEach(() => bench.dispose());

/** What matters of the profile that Ubuntu has: the types, one rule for a directory, the local file. */
const PROFILE = `@{fuse_types} = {fuse,fuse.*,fuseblk,fusectl}
profile fusermount3 /usr/bin/fusermount3 {
  capability sys_admin,
  mount fstype=@{fuse_types} options=(nosuid,nodev,rw) -> /mnt/{,**/},
  include if exists <local/fusermount3>
}
`;

const compile = (local: string) => {
  const directory = join(bench.directory, 'apparmor.d');
  mkdirSync(join(directory, 'local'), { recursive: true });
  writeFileSync(join(directory, 'fusermount3'), PROFILE);
  writeFileSync(join(directory, 'local/fusermount3'), local);
  const args = ['--skip-kernel-load', '--skip-cache', '--debug', '--base', directory, join(directory, 'fusermount3')];
  const { status, stdout, stderr } = spawnSync('apparmor_parser', args, { encoding: 'utf8' });
  return { status, said: stdout + stderr };
};

test('the rules compile, next to lines of others', () => {
  const rules = bench.output(['paths', 'durable', 'journal', 'apparmor'], 'apparmor_rules');
  const { status, said } = compile(`# mine\n/etc/mine r,\n${rules}`);
  expect(said).toContain('/var/lib/sysboxfs/**/');
  expect(status).toBe(0);
});

test('the parser notices a rule that is wrong', () => {
  expect(compile('mount fstype= -> nothing\n').status).not.toBe(0);
});
