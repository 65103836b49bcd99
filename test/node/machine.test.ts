// The virtual machine behaves as the other node tests take for granted.
import { Node } from './harness/node';
import { ensureTools } from './harness/prerequisites';
import { difference, snapshot } from './harness/snapshot';
import { Steps } from './harness/steps';

jest.setTimeout(40 * 60_000);

const steps = new Steps('The virtual machine');
let node: Node;

beforeAll(async () => {
  await ensureTools();
  node = await Node.create({ files: { '/etc/brought/file': { content: 'brought', mode: 0o600 } } });
  await steps.step('boot to ssh', () => node.boot());
});

afterAll(async () => {
  steps.print();
  await node?.dispose();
});

test('is a Debian node with systemd as PID 1, cgroup v2 and a kernel that Sysbox can use', async () => {
  expect(await node.run('cat /proc/1/comm')).toBe('systemd');
  expect(await node.run('stat --file-system --format=%T /sys/fs/cgroup')).toBe('cgroup2fs');
  const [major, minor] = (await node.run('uname -r')).split('.').map(Number) as [number, number];
  expect(major * 1000 + minor).toBeGreaterThanOrEqual(6003);
  expect(await node.run('systemctl is-system-running --wait || systemctl --failed')).toBe('running');
});

test('has the files that the test brought, with their mode', async () => {
  expect(await node.run("stat --format='%a %U' /etc/brought/file && cat /etc/brought/file")).toBe('600 root\nbrought');
});

test('reaches no network but this machine', async () => {
  expect((await node.exec('curl --silent --max-time 5 http://deb.debian.org/')).code).not.toBe(0);
});

test('a snapshot sees an added file, a changed one, a removed one and a new unit, and nothing else', async () => {
  const before = await steps.step('snapshot of files, units and mounts', () => snapshot(node));
  await node.run('mkdir /opt/new && echo x > /opt/new/file && chmod 600 /etc/fstab && mv /etc/hosts /root/');
  await node.put('/etc/systemd/system/new.service', { content: '[Service]\nExecStart=/bin/true\n' });
  expect(difference(before, await snapshot(node))).toEqual({
    added: [
      ...['content /etc/systemd/system/new.service', 'content /opt/new/file', 'content /root/hosts'],
      ...['entry /etc/systemd/system/new.service', 'entry /opt/new', 'entry /opt/new/file', 'entry /root/hosts'],
      'unit new.service',
    ],
    removed: ['content /etc/hosts', 'entry /etc/hosts'],
    changed: ['entry /etc/fstab'],
  });
});

test('a power cut keeps what was synced and loses what was only written', async () => {
  await node.run('echo synced > /root/synced; sync /root/synced; echo written > /root/written');
  await node.powerCut();
  await steps.step('boot after a power cut', () => node.boot());
  expect(await node.run('cat /root/synced; ls /root/written 2>&1 || true')).toMatch(/^synced\n.*No such file/);
});

test('a reboot is a new boot of the same disk', async () => {
  const before = await node.bootId();
  await steps.step('reboot', () => node.reboot());
  expect(await node.bootId()).not.toBe(before);
  expect(await node.run('cat /root/synced')).toBe('synced');
});

test('counts the starts of a unit, failed ones too', async () => {
  await node.put('/etc/systemd/system/counted.service', { content: '[Service]\nExecStart=/bin/false\n' });
  await node.run('systemctl daemon-reload; systemctl start counted; sleep 1; systemctl restart counted; sleep 1');
  expect(await node.starts('counted')).toBe(2);
});
