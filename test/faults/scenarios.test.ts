import { readFileSync } from 'node:fs';
import { HAND_WRITTEN, installed, OLD_TEMPLATE, sha256, TEMPLATE, withTemplate } from './operations';
import { tree } from './states';
import { FakeNode, type NodeOptions, RENDERED } from './world';

jest.setTimeout(120_000);

const nodes: FakeNode[] = [];
const make = (options: NodeOptions = {}) => {
  const node = new FakeNode(options);
  nodes.push(node);
  return node;
};
const ready = (options: NodeOptions = {}) => {
  const node = installed(options);
  nodes.push(node);
  return node;
};
afterEach(() => nodes.splice(0).forEach((node) => node.dispose()));

/** The files of the node but for our own directories. */
const outside = (node: FakeNode) =>
  Object.fromEntries(
    Object.entries(tree(node)).filter(([path]) => !/^\/(var\/lib\/cdk8s-sysbox|opt\/sysbox)/.test(path)),
  );

const CONFIG = '/var/lib/rancher/k3s/agent/etc/containerd';
const FOREIGN = `${CONFIG}/config-v3.toml.d/theirs.toml`;

describe('a restart that does not happen', () => {
  test('is detected although systemctl exits 0, and leaves containerd no file of ours', () => {
    const node = make();
    const starts = node.starts();
    node.flag('restart-does-nothing');
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'NotRestarted' });
    expect(node.exists(node.dropIn())).toBe(false);
    expect(node.starts()).toBe(starts);
  });

  test('a systemctl that does nothing at all is refused before anything changes', () => {
    const node = make();
    const before = outside(node);
    node.flag('systemctl-does-nothing');
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'NoUnit' });
    expect(outside(node)).toEqual(before);
  });
});

describe('a foreign drop-in', () => {
  test('that containerd rejects is named, and nothing is changed', () => {
    const node = make();
    node.write(FOREIGN, 'version = 4\n');
    const before = outside(node);
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'BrokenConfiguration' });
    expect(outside(node)).toEqual(before);
  });

  test('that defines our handler is refused', () => {
    const node = make();
    node.write(
      FOREIGN,
      `version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.sysbox-runc]\nruntime_type = "x"\n`,
    );
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'ForeignHandler' });
    expect(node.status().message).toContain('theirs.toml');
  });

  test('that appears later and breaks K3s does not remove our file: the guard checks which file is the cause', () => {
    const node = ready();
    node.write(FOREIGN, 'version = 4\n');
    node.foreignRestart();
    expect(node.exists(node.dropIn())).toBe(true);
    expect(node.k3sRuns()).toBe(false);
  });

  test('with which ours is no longer valid: the guard sets ours aside, K3s starts, and the next run restores it', () => {
    const node = ready();
    // K3s renders version 2 from now on, so that our version 3 stands above its root.
    const base = readFileSync(RENDERED('rendered-v3'), 'utf8').replace('version = 3', 'version = 2');
    node.write('/base.toml', base);
    node.flag('base', node.path('/base.toml'));
    node.write(`${CONFIG}/config.toml`, base);
    node.foreignRestart();
    expect(node.k3sRuns()).toBe(true);
    expect(node.exists(node.dropIn())).toBe(false);
    expect(node.journal('state')).toBe('set-aside');
    expect(node.sh('dash "$SYSBOX_ROOT/var/lib/cdk8s-sysbox/programs/current/host.sh" check').stdout.trim()).toBe(
      'unverified',
    );
  });
});

describe('K3s that does not start again', () => {
  test('is rolled back once, and the same change is not retried', () => {
    const node = make();
    node.flag('crashes-with-ours', 'sysbox-runc');
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'CrashLoop' });
    expect(node.k3sRuns()).toBe(true);
    const starts = node.starts();
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'CrashLoop' });
    expect(node.converge()).toMatchObject({ stage: 'failed' });
    expect(node.starts()).toBe(starts);
    expect(node.journal('rollbacks')).toBe('1');
  });

  test('is reported with the last error of containerd, not with the informational lines after it', () => {
    const node = make();
    node.flag('crashes-with-ours', 'sysbox-runc');
    const { message } = node.converge();
    expect(message).toContain(
      'k3s restarts over and over (on the node: journalctl -u k3s); last words of containerd: containerd: panic',
    );
  });

  test('and a power cut during the rollback: the reboot is the restart that the rollback needs', () => {
    const node = make();
    node.flag('crashes-with-ours', 'sysbox-runc');
    node.converge();
    // As the disk was when the rollback had begun, and nothing of it was done.
    const journal = '"$SYSBOX_ROOT/var/lib/cdk8s-sysbox/journal"';
    node.sh(`sed -i -E 's/^(state)=.*/\\1=rolling-back/; /^(rollbacks|rollback_invocation|failed_change|target)=/d' ${journal}
      echo "target=${node.path(node.dropIn())}" >>${journal}
      cp "$SYSBOX_ROOT/var/lib/cdk8s-sysbox/backup/wanted" "${node.path(node.dropIn())}"`);
    node.boot();
    expect(node.k3sRuns()).toBe(true);
    const starts = node.starts();
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'CrashLoop' });
    expect(node.starts()).toBe(starts);
    expect(node.journal('rollbacks')).toBe('1');
    expect(node.exists(node.dropIn())).toBe(false);
  });

  test('is retried when a person requests it', () => {
    const node = make();
    node.flag('crashes-with-ours', 'sysbox-runc');
    node.converge();
    node.flag('crashes-with-ours', false);
    node.run('retry');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
  });

  test('after a rolled back change, the old change needs no restart', () => {
    const node = ready();
    node.publish('two', {}, node.otherRuntime());
    node.flag('crashes-with-ours', 'io.sysbox');
    expect(node.converge()).toMatchObject({ stage: 'failed' });
    node.publish('one');
    const starts = node.starts();
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.starts()).toBe(starts);
  });
});

describe('an agent whose server answers', () => {
  test('gets the runtime', () => {
    expect(make({ role: 'agent' }).converge()).toMatchObject({ stage: 'verified' });
  });
});

describe('an agent whose server is unreachable', () => {
  test('is not restarted', () => {
    const node = make({ role: 'agent' });
    node.flag('server-away');
    const starts = node.starts();
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'ServerUnreachable' });
    expect(node.starts()).toBe(starts);
    expect(node.exists(node.dropIn())).toBe(false);
    expect(node.known('log')).not.toMatch(/kubectl KUBECONFIG=(unset|\/etc)/);
  });

  test('is not uninstalled', () => {
    const node = ready({ role: 'agent' });
    node.flag('server-away');
    node.run('uninstall');
    expect(node.status()).toMatchObject({ stage: 'failed', reason: 'ServerUnreachable' });
    expect(node.exists(node.dropIn())).toBe(true);
  });

  test('resumes its uninstall when the server is back, however long that takes', () => {
    const node = ready({ role: 'agent' });
    node.flag('server-leaves-at-restart');
    node.flag('server-returns', String(node.uptime() + 700));
    node.run('uninstall');
    expect(node.exists('/var/lib/cdk8s-sysbox')).toBe(false);
    expect(node.k3sRuns()).toBe(true);
    expect(node.hasRuntime()).toBe(false);
  });
});

describe('an interrupted change', () => {
  test('is rolled back at the next start of K3s when its timer is gone', () => {
    const node = make();
    node.run('prepare');
    node.run('commit');
    expect(node.journal('state')).toBe('restarted');
    node.sh('rm -rf "$SYS"/units/cdk8s-sysbox-deadman*');
    node.foreignRestart();
    expect(node.exists(node.dropIn())).toBe(false);
    expect(node.journal('state')).toBe('interrupted');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
  });

  test('is rolled back at the next boot, and refused after the third', () => {
    const node = make();
    for (const count of ['1', '2', '3']) {
      node.run('prepare');
      node.run('commit');
      node.boot();
      expect(node.journal('interruptions')).toBe(count);
      expect(node.hasRuntime()).toBe(false);
    }
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'Interrupted' });
    node.run('retry');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
  });
});

describe('a healthy node', () => {
  test('is not changed and not restarted by a second run', () => {
    const node = ready();
    const before = tree(node);
    const starts = node.starts();
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.starts()).toBe(starts);
    const after = tree(node);
    const scratch = /^\/var\/lib\/cdk8s-sysbox\/status\.json/;
    for (const path of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (!scratch.test(path)) expect([path, after[path]]).toEqual([path, before[path]]);
    }
  });

  test('is left as it was by a dry run', () => {
    const node = make({ settings: { DRY_RUN: 'true' } });
    const before = outside(node);
    expect(node.converge()).toMatchObject({ stage: 'validated', action: 'dry-run' });
    expect(outside(node)).toEqual(before);
    expect(node.exists('/opt/sysbox')).toBe(false);
  });

  test('survives a boot with the runtime and the daemons', () => {
    const node = ready();
    node.boot();
    expect(node.hasRuntime()).toBe(true);
    expect(node.converge()).toMatchObject({ stage: 'verified' });
  });
});

describe('drift', () => {
  const check = (node: FakeNode) =>
    node.sh('dash "$SYSBOX_ROOT/var/lib/cdk8s-sysbox/programs/current/host.sh" check').stdout.trim();

  test.each([
    ['a removed drop-in', (node: FakeNode) => node.sh(`rm "${node.path(node.dropIn())}"`)],
    ['a removed guard', (node: FakeNode) => node.sh('rm "$SYSBOX_ROOT"/etc/systemd/system/k3s.service.d/*')],
  ])('%s is seen and repaired', (_, harm) => {
    const node = ready();
    expect(check(node)).toBe('healthy');
    harm(node);
    expect(check(node)).toBe('drift');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(check(node)).toBe('healthy');
  });

  test('a K3s that renders version 2 from now on gets the other drop-in, and the old one is removed', () => {
    const node = ready();
    node.flag('base', RENDERED('rendered-v2'));
    node.foreignRestart();
    expect(check(node)).toBe('drift');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.read(`${CONFIG}/config.toml.d/cdk8s-sysbox.toml`)).toContain('version = 2');
    expect(node.exists(node.dropIn())).toBe(false);
    expect(node.hasRuntime()).toBe(true);
  });

  test('a K3s that no longer imports drop-ins gets the template', () => {
    const node = ready();
    const base = readFileSync(RENDERED('rendered-v3'), 'utf8').replace(/^imports.*\n/m, '');
    node.write('/base.toml', base);
    node.flag('base', node.path('/base.toml'));
    node.foreignRestart();
    expect(check(node)).toBe('drift');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.read(TEMPLATE)).toContain('Written by cdk8s-sysbox');
    node.foreignRestart();
    expect(node.hasRuntime()).toBe(true);
    expect(node.converge()).toMatchObject({ action: 'none' });
  });

  test('dead daemons are not started under running pods by a run', () => {
    const node = ready();
    node.sh('. "$BIN/systemd.sh"; daemons_down');
    expect(check(node)).toBe('daemons-dead');
    node.run('prepare');
    expect(node.status()).toMatchObject({ stage: 'failed', reason: 'DaemonsDead' });
    node.run('revive');
    expect(node.status()).toMatchObject({ stage: 'verified' });
  });

  test.each(['revive', 'uninstall'])('the mounts of a sysbox-fs that was killed are gone after %s', (command) => {
    const node = ready();
    const [theirs, dead] = ['proc /proc proc rw 0 0\n', '/var/lib/sysboxfs/0123abcd'];
    node.write('/proc/1/mounts', `${theirs}sysboxfs ${dead} fuse rw 0 0\n`);
    node.sh(`mkdir -p "$SYSBOX_ROOT${dead}"; . "$BIN/systemd.sh"; daemons_down`);
    node.run(command);
    expect(node.read('/proc/1/mounts')).toBe(theirs);
    expect(node.exists(dead)).toBe(false);
    expect(node.exists('/var/lib/sysboxfs')).toBe(command === 'revive');
  });
});

describe('a hand-written template', () => {
  test.each([TEMPLATE, OLD_TEMPLATE])('%s is refused with the lines to add', (path) => {
    const node = make({ foreign: { [path]: '{{ template "base" . }}\n# mine\n' } });
    node.flag('base', node.path(`${CONFIG}/config.toml`));
    node.sh(`sed -i /^imports/d "${node.path(`${CONFIG}/config.toml`)}"`);
    const status = node.converge();
    expect(status).toMatchObject({ stage: 'failed', reason: 'ForeignTemplate' });
    expect(status.message).toContain('BinaryName');
    expect(node.read(path)).toContain('# mine');
  });

  test.each([TEMPLATE, OLD_TEMPLATE])('%s is replaced if its sha256 is given, and restored with its mode', (path) => {
    const node = make({ ...withTemplate(path) });
    node.sh(`chmod 640 "${node.path(path)}"`);
    const before = outside(node);
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.read(TEMPLATE)).toContain('Written by cdk8s-sysbox');
    node.run('uninstall');
    expect(outside(node)).toEqual(before);
    expect(node.sh(`stat -c %a "${node.path(path)}"`).stdout.trim()).toBe('640');
    expect(node.read(path)).toBe(HAND_WRITTEN);
  });

  test('is restored by a rollback', () => {
    const node = make({ ...withTemplate(TEMPLATE) });
    node.flag('crashes-with-ours', '/opt/sysbox/current/sysbox-runc');
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'CrashLoop' });
    expect(node.read(TEMPLATE)).toBe(HAND_WRITTEN);
    expect(node.exists('/var/lib/cdk8s-sysbox/backup/taken')).toBe(false);
    expect(node.owned()).not.toContain(TEMPLATE);
  });

  test('that somebody put in place of ours is not touched', () => {
    const node = ready({ ...withTemplate(TEMPLATE) });
    node.write(TEMPLATE, '{{ template "base" . }}\n# theirs now\n');
    node.publish('two', { TAKEOVER: sha256('another') });
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.exists(node.dropIn())).toBe(true);
    expect(node.read(TEMPLATE)).toContain('# theirs now');
    node.run('uninstall');
    expect(node.read(TEMPLATE)).toContain('# theirs now');
  });
});

describe('an upgrade', () => {
  const upgraded = (broken?: 'daemons' | 'sandboxes') => {
    const node = ready();
    node.publish('two', { MANAGER_ARGS: '--log-level=debug' });
    node.publishRelease('bbbb', broken);
    return node;
  };

  test('needs no restart of K3s', () => {
    const node = upgraded();
    const starts = node.starts();
    node.run('prepare');
    expect(node.status()).toMatchObject({ action: 'upgrade' });
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.starts()).toBe(starts);
    expect(node.read('/etc/systemd/system/sysbox-mgr.service')).toContain('debug');
  });

  test.each(['daemons', 'sandboxes'] as const)('whose %s fail is rolled back, and not retried', (broken) => {
    const node = upgraded(broken);
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'UpgradeFailed' });
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'UpgradeFailed' });
    expect(node.sh('readlink "$SYSBOX_ROOT/opt/sysbox/current"').stdout.trim()).toBe('releases/aaaa');
  });
});

describe('an uninstall', () => {
  test.each<[string, NodeOptions]>([
    ['a K3s server', {}],
    ['a K3s agent', { role: 'agent', unit: 'k3s-agent' }],
    ['a renamed unit', { unit: 'lab-k3s' }],
    ['another data dir', { dataDir: '/data/k3s' }],
    ['an RKE2 server', { unit: 'rke2-server', dataDir: '/var/lib/rancher/rke2' }],
    ['an RKE2 agent', { unit: 'rke2-agent', dataDir: '/var/lib/rancher/rke2', role: 'agent' }],
  ])('leaves %s as it was before the install', (_, options) => {
    const node = make(options);
    node.sh('rm -rf "$SYSBOX_ROOT/opt/sysbox"');
    const before = outside(node);
    node.publishRelease('aaaa');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.exists(`/etc/systemd/system/${node.unit}.service.d/10-cdk8s-sysbox.conf`)).toBe(true);
    node.run('uninstall');
    expect(outside(node)).toEqual(before);
    expect(node.exists('/var/lib/cdk8s-sysbox')).toBe(false);
    expect(node.exists('/opt/sysbox')).toBe(false);
    expect(node.hasRuntime()).toBe(false);
    expect(node.k3sRuns()).toBe(true);
  });

  test('keeps a file that somebody put in place of ours', () => {
    const node = ready();
    node.write('/etc/modules-load.d/cdk8s-sysbox.conf', 'nbd\n');
    node.run('uninstall');
    expect(node.read('/etc/modules-load.d/cdk8s-sysbox.conf')).toBe('nbd\n');
  });
});
