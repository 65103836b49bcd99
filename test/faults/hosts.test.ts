// Hosts as they are in the field: what is refused and with which reason, and what is respected.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from './operations';
import { tree } from './states';
import { CALICO_ERROR, FakeNode, type NodeOptions } from './world';

jest.setTimeout(120_000);

const nodes: FakeNode[] = [];
const track = (node: FakeNode) => {
  nodes.push(node);
  return node;
};
const make = (options: NodeOptions = {}) => track(new FakeNode(options));
const ready = (options: NodeOptions = {}) => track(installed(options));
afterEach(() => nodes.splice(0).forEach((node) => node.dispose()));

const STATE = '/var/lib/cdk8s-sysbox';

/** The files of the node but for the report and the programs. */
const rest = (node: FakeNode) =>
  Object.fromEntries(Object.entries(tree(node)).filter(([path]) => !/\/(status\.json|programs|node)/.test(path)));

describe('a dry run', () => {
  test.each(['commit', 'confirm', 'abandon', 'uninstall', 'retry', 'revive', 'switch', 'directories'])(
    'refuses %s, and changes nothing',
    (command) => {
      const node = ready();
      node.publish('two', { DRY_RUN: 'true' }, node.otherRuntime());
      const before = rest(node);
      const starts = node.starts();
      node.run(command, ['Reason', 'message']);
      expect(node.status()).toMatchObject({ stage: 'failed', reason: 'DryRun' });
      expect(rest(node)).toEqual(before);
      expect(node.starts()).toBe(starts);
    },
  );

  test('does not finish a rollback that was killed', () => {
    const node = ready();
    node.sh('sed -i s/^state=.*/state=rolling-back/ "$SYSBOX_ROOT/var/lib/cdk8s-sysbox/journal"');
    node.publish('two', { DRY_RUN: 'true' });
    const before = rest(node);
    node.run('prepare');
    expect(node.status()).toMatchObject({ stage: 'validated', action: 'dry-run' });
    expect(rest(node)).toEqual(before);
  });
});

describe('a K3s that somebody has stopped', () => {
  const prepared = () => {
    const node = make();
    node.run('prepare');
    node.stopK3s();
    return node;
  };

  test('is not started by a commit', () => {
    const node = prepared();
    const starts = node.starts();
    node.run('commit');
    expect(node.status()).toMatchObject({ stage: 'failed', reason: 'UnitNotActive' });
    expect(node.starts()).toBe(starts);
    expect(node.exists(node.dropIn())).toBe(false);
  });

  test('in the middle of a change stays stopped, with the old configuration', () => {
    const node = make();
    node.run('prepare');
    node.flag('stops-after-restart');
    node.run('commit');
    expect(node.status()).toMatchObject({ stage: 'failed', reason: 'UnitNotActive' });
    expect(node.exists(node.dropIn())).toBe(false);
    expect(node.k3sRuns()).toBe(false);
    node.flag('stops-after-restart', false);
    node.foreignRestart();
    expect(node.converge()).toMatchObject({ stage: 'verified' });
  });

  test('is not started by an uninstall, which removes everything', () => {
    const node = ready();
    node.stopK3s();
    const starts = node.starts();
    node.run('uninstall');
    expect(node.exists(STATE)).toBe(false);
    expect(node.exists(node.dropIn())).toBe(false);
    expect(node.starts()).toBe(starts);
    node.foreignRestart();
    expect(node.hasRuntime()).toBe(false);
  });
});

describe('kernel limits', () => {
  const limits = (node: FakeNode) =>
    ['fs/inotify/max_user_instances', 'vm/max_map_count'].map((name) => node.limit(name));

  test('are raised with the restart slot and not before, and never lowered', () => {
    const node = make();
    node.run('prepare');
    expect(limits(node)).toEqual(['128', '1048576']);
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(limits(node)).toEqual(['1048576', '1048576']);
    expect(node.exists('/etc/sysctl.d/99-cdk8s-sysbox.conf')).toBe(false);
  });

  test('are raised again at a boot, over what the administrator has lower, and not over what is higher', () => {
    const node = ready();
    node.write('/proc/sys/fs/inotify/max_user_instances', '256\n');
    node.boot();
    expect(limits(node)).toEqual(['1048576', '1048576']);
    node.run('uninstall');
    expect(limits(node)).toEqual(['256', '1048576']);
  });

  test('are restored by an uninstall, unless somebody has changed them since', () => {
    const node = ready();
    node.run('uninstall');
    expect(limits(node)).toEqual(['128', '1048576']);
    const changed = ready();
    changed.write('/proc/sys/fs/inotify/max_user_instances', '2097152\n');
    changed.run('uninstall');
    expect(limits(changed)[0]).toBe('2097152');
  });

  test('a hardened value is refused, not changed', () => {
    const node = make();
    node.write('/proc/sys/kernel/unprivileged_userns_clone', '0\n');
    const status = node.converge();
    expect(status).toMatchObject({ stage: 'failed', reason: 'UserNamespaces' });
    expect(status.message).toContain('kernel.unprivileged_userns_clone is 0');
    expect(node.limit('kernel/unprivileged_userns_clone')).toBe('0');
  });
});

test('passwords of registries in the configuration are readable by root alone, whatever the mode of its file', () => {
  const node = ready();
  node.publish('two', {}, node.otherRuntime());
  node.converge();
  const readable: string[] = [];
  const walk = (path: string) => {
    const stat = statSync(node.path(path));
    if (stat.isDirectory()) {
      if ((stat.mode & 0o077) === 0) return;
      for (const name of readdirSync(node.path(path))) walk(join(path, name));
    } else if ((stat.mode & 0o077) !== 0) readable.push(path);
  };
  for (const directory of [STATE, '/run/cdk8s-sysbox']) {
    // Their own mode counts, and not that of what is in them.
    expect([directory, statSync(node.path(directory)).mode & 0o077]).toEqual([directory, 0]);
    for (const name of readdirSync(node.path(directory))) if (name !== 'programs') walk(join(directory, name));
  }
  expect(readable).toEqual([]);
});

test('a guard that another drop-in removes from the unit is noticed before the change', () => {
  const node = make({
    foreign: {
      '/etc/systemd/system/k3s.service.d/20-theirs.conf': '[Service]\nExecStartPre=\nExecStartPre=/bin/true\n',
    },
  });
  const status = node.converge();
  expect(status).toMatchObject({ stage: 'failed', reason: 'GuardNotInForce' });
  expect(status.message).toContain('systemctl cat k3s');
  expect(node.exists(node.dropIn())).toBe(false);
});

describe('a change that an older revision began', () => {
  const begun = () => {
    const node = make();
    node.run('prepare');
    node.run('commit');
    expect(node.journal('state')).toBe('restarted');
    // A renamed handler, which the running containerd does not know.
    node.publish('two', { HANDLER: 'sysbox-other' });
    return node;
  };

  test('is judged by its own settings when the new one confirms it', () => {
    const node = begun();
    expect(node.statusOf(node.run('confirm'))).toMatchObject({ stage: 'verified' });
    expect(node.journal('rollbacks')).toBe('');
  });

  test('is judged by its own settings when the dead-man looks', () => {
    const node = begun();
    node.pass(700);
    expect(node.journal('state')).toBe('verified');
    expect(node.hasRuntime()).toBe(true);
  });

  test('keeps its programs until it is finished', () => {
    const node = begun();
    node.run('confirm');
    node.publish('three');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    const programs = readdirSync(node.path(`${STATE}/programs`)).sort();
    expect(programs).toEqual(['current', 'one', 'three']);
  });
});

describe('a K3s that does not start containerd', () => {
  test('because its etcd has no quorum is waited for, not rolled back', () => {
    const node = make({ role: 'server' });
    node.run('prepare');
    node.flag('server-leaves-at-restart');
    node.run('commit');
    node.settleTimers();
    node.pass(1300, 50);
    expect(node.journal('rollbacks')).toBe('');
    expect(node.known('deadman.log')).toContain('K3s has not started containerd');
    expect(node.status()).toMatchObject({ stage: 'committed', reason: 'EngineWaits' });
    node.flag('server-away', false);
    node.pass(20);
    expect(node.converge()).toMatchObject({ stage: 'verified' });
  });

  test('because its datastore is unreachable and its unit restarts repeatedly is waited for, not rolled back', () => {
    const node = make({ role: 'server' });
    node.run('prepare');
    node.flag('datastore-away');
    node.run('commit');
    node.settleTimers();
    node.pass(1300, 50);
    expect(node.journal('rollbacks')).toBe('');
    node.flag('datastore-away', false);
    node.pass(20);
    expect(node.converge()).toMatchObject({ stage: 'verified' });
  });
});

test('pods of others whose name contains that of the check are left alone', () => {
  const node = make();
  node.flag('sandboxes/theirs', 'pid=77\nname=my-cdk8s-sysbox-check-2\n');
  expect(node.converge()).toMatchObject({ stage: 'verified' });
  expect(node.known('sandboxes/theirs')).toContain('name=my-cdk8s-sysbox-check-2');
});

// The engines' own words are looked up in their programs (test/merge), Calico's in test/cluster/calico.test.ts.
test.each([
  ['K3s', undefined, 'failed to setup network for sandbox "abc"'],
  ['containerd', 'containerd', 'failed to setup network for sandbox "abc"'],
  ['CRI-O', 'crio', 'failed to create pod network sandbox k8s_check_x(abc)'],
] as const)(
  'on %s, a CNI plugin that wants a pod (Canal, Calico) rolls nothing back, and says so',
  (_, engine, words) => {
    const node = make({ engine });
    node.flag('cni-error', `${words}: plugin type="calico" failed (add): ${CALICO_ERROR}\n`);
    node.run('prepare');
    node.run('commit');
    expect(node.status()).toMatchObject({ stage: 'restarted' });
    expect(node.status().warnings).toContain('the CNI plugin refuses one without a pod');
    node.pass(700);
    expect(node.journal('state')).toBe('verified');
    expect(node.journal('rollbacks')).toBe('');
  },
);

describe('AppArmor', () => {
  const LOCAL = '/etc/apparmor.d/local/fusermount3';
  const PROFILE = 'profile fusermount3 /usr/bin/fusermount3 {\n  include if exists <local/fusermount3>\n}\n';
  const confined = (foreign: Record<string, string> = {}, profile = PROFILE) =>
    make({
      foreign: {
        '/sys/kernel/security/apparmor/profiles': 'fusermount3 (enforce)\n',
        '/etc/apparmor.d/fusermount3': profile,
        ...foreign,
      },
    });
  const RULES = [
    'mount fstype=@{fuse_types} options=(nosuid,nodev,rw) -> /var/lib/sysboxfs/**/, # cdk8s-sysbox',
    'mount fstype=@{fuse_types} options=(nosuid,nodev,ro) -> /var/lib/sysboxfs/**/, # cdk8s-sysbox',
    'umount /var/lib/sysboxfs/**/, # cdk8s-sysbox',
    '',
  ].join('\n');

  test.each<[string, Record<string, string>, string]>([
    ['without a local file', {}, ''],
    ['with an empty local file', { [LOCAL]: '' }, ''],
    ['with rules of others', { [LOCAL]: '# mine\nmount -> /data/**/,\n' }, '# mine\nmount -> /data/**/,\n'],
  ])('%s gets our rules, and the uninstall takes them out', (_, foreign, theirs) => {
    const node = confined(foreign);
    const before = tree(node);
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.read(LOCAL)).toBe(theirs + RULES);
    expect(node.known('log')).toContain('apparmor_parser --replace');
    expect(node.converge()).toMatchObject({ action: 'none' });
    expect(node.read(LOCAL)).toBe(theirs + RULES);
    node.run('uninstall');
    const after = tree(node);
    for (const path of Object.keys({ ...before, ...after }).filter((path) => path.startsWith('/etc'))) {
      expect([path, after[path]]).toEqual([path, before[path]]);
    }
  });

  test('that includes no local file is refused with the line to add', () => {
    const node = confined({}, 'profile fusermount3 /usr/bin/fusermount3 {\n}\n');
    const status = node.converge();
    expect(status).toMatchObject({ stage: 'failed', reason: 'AppArmor' });
    expect(status.message).toContain('include if exists <local/fusermount3>');
    expect(status.message).toContain('umount /var/lib/sysboxfs/**/,');
    expect(node.exists('/opt/sysbox/current')).toBe(false);
  });

  test('whose parser rejects the rules gets its file restored', () => {
    const node = confined({ [LOCAL]: '# mine\n' });
    node.flag('apparmor-rejects');
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'AppArmor' });
    expect(node.read(LOCAL)).toBe('# mine\n');
  });

  test.each([
    ['enforce', true],
    ['kill', true],
    ['complain', false],
    ['unconfined', false],
  ])('in mode %s: rules are added %s', (mode, added) => {
    const node = confined({ '/sys/kernel/security/apparmor/profiles': `fusermount3 (${mode})\n` });
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.exists(LOCAL)).toBe(added);
  });
});

describe('a refusal has its reason, before anything is changed:', () => {
  const refused = (options: NodeOptions, harm: (node: FakeNode) => void) => {
    const node = make(options);
    harm(node);
    const before = rest(node);
    const status = node.converge();
    expect(rest(node)).toEqual(before);
    expect(node.exists('/opt/sysbox/current')).toBe(false);
    return `${status.reason}: ${status.message}`;
  };
  const noContainerd = (node: FakeNode) => node.sh('rm -r "$SYSBOX_ROOT/proc/100"');
  /** The process of K3s itself. */
  const k3s = (node: FakeNode, cgroup: string) => {
    node.write('/proc/99/comm', 'k3s-server\n');
    node.write('/proc/99/cgroup', `0::${cgroup}\n`);
    node.write('/proc/99/status', 'Uid:\t0\t0\t0\t0\n');
    node.sh('cp -a "$SYSBOX_ROOT/proc/1/ns" "$SYSBOX_ROOT/proc/99/ns"');
  };

  test('Alpine, whose PID 1 is not systemd', () => {
    expect(refused({}, (node) => node.write('/proc/1/comm', 'init\n'))).toMatch(
      /^NotSystemd: PID 1 of the host is init/,
    );
  });

  test('K3s with --docker', () => {
    const found = refused({ foreign: { '/etc/rancher/k3s/config.yaml': 'docker: true\n' } }, (node) => {
      noContainerd(node);
      k3s(node, '/system.slice/k3s.service');
    });
    expect(found).toMatch(/^Docker: K3s runs pods with Docker \(--docker\)/);
  });

  test('K3s in a session', () => {
    const found = refused({}, (node) => {
      noContainerd(node);
      k3s(node, '/user.slice/user-0.slice/session-3.scope');
    });
    expect(found).toMatch(/^NoUnit: K3s \(process 99\) runs in the control group .*session-3\.scope/);
  });

  test('no engine at all', () => {
    expect(refused({}, noContainerd)).toMatch(/^NoEngine: no container engine/);
  });

  test.each(['5.15.0-91-generic', '6.1.0-40-amd64'])('kernel %s, which cannot id-map tmpfs', (kernel) => {
    expect(refused({}, (node) => node.flag('kernel', `${kernel}\n`))).toMatch(
      `KernelTooOld: kernel ${kernel} is older`,
    );
  });

  test('SELinux enforcing', () => {
    expect(refused({}, (node) => node.write('/sys/fs/selinux/enforce', '1\n'))).toMatch(/^SELinux:/);
  });

  test.each(['/etc/systemd/system', '/opt', '/etc/modules-load.d'])(
    'a read-only %s, as on NixOS and image-based systems',
    (path) => {
      const found = refused({ ownFilesystem: true }, (node) => {
        node.sh(
          `rm -rf "$SYSBOX_ROOT/opt/sysbox"; mount --bind "$SYSBOX_ROOT${path}" "$SYSBOX_ROOT${path}" && mount -o remount,ro,bind "$SYSBOX_ROOT${path}"`,
        );
      });
      expect(found).toMatch(/^ReadOnly: .* is read-only, and the installer writes/);
    },
  );

  test.each(['cmp', 'timeout', 'flock', 'sha256sum'])('no %s, which the programs themselves run', (missing) => {
    const node = make();
    // The tools of this machine without one.
    node.sh(
      `mkdir "$SYS/tools"; for tool in /usr/bin/* "$BIN"/*; do case \${tool##*/} in ${missing}) ;; *) ln -sf "$tool" "$SYS/tools/" ;; esac; done`,
    );
    const { stderr } = node.sh(
      'PATH=$SYS/tools exec dash "$SYSBOX_ROOT/var/lib/cdk8s-sysbox/programs/current/host.sh" prepare run-1 aaaa',
    );
    expect(stderr).toContain(`MissingPrograms: the host lacks ${missing}, which this installer runs there`);
    expect(node.status()).toMatchObject({ run: 'run-1', stage: 'failed', reason: 'MissingPrograms' });
    expect(node.exists('/opt/sysbox/current')).toBe(false);
  });

  test("the handler defined by upstream's own drop-in for K3s", () => {
    // sysbox-pkgr writes it without a version.
    const theirs = '/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/sysbox.toml';
    const entry = `[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.sysbox-runc]\nruntime_type = "io.containerd.runc.v2"\n`;
    expect(refused({ foreign: { [theirs]: entry } }, () => undefined)).toMatch(
      /^ForeignHandler: .*config-v3\.toml\.d\/sysbox\.toml/,
    );
  });

  test('a step that fails unexpectedly', () => {
    const node = make();
    node.sh(
      'mkdir "$SYSBOX_ROOT/run/cdk8s-sysbox"; : >"$SYSBOX_ROOT/run/cdk8s-sysbox/before.dump.x"; chmod 644 "$SYSBOX_ROOT/var/lib/cdk8s-sysbox/programs/one/drop-in-v3.toml"; rm "$SYSBOX_ROOT/var/lib/cdk8s-sysbox/programs/one/drop-in-v3.toml"',
    );
    node.run('prepare');
    expect(node.status()).toMatchObject({ stage: 'failed', reason: 'Unexpected' });
    expect(node.status().message).toContain('host.sh prepare ended with status');
  });
});

describe('a data directory', () => {
  const lifecycle = (node: FakeNode) => {
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.hasRuntime()).toBe(true);
    const starts = node.starts();
    node.run('uninstall');
    expect(node.exists(STATE)).toBe(false);
    expect(node.hasRuntime()).toBe(false);
    expect(node.starts()).toBe(starts + 1);
    expect(node.exists(node.dropIn())).toBe(false);
  };

  test('behind a symbolic link: the uninstall finds what was written, and restarts K3s once', () => {
    const node = make();
    node.sh(
      'mkdir -p "$SYSBOX_ROOT/mnt" && mv "$SYSBOX_ROOT/var/lib/rancher" "$SYSBOX_ROOT/mnt/rancher" && ln -s ../../mnt/rancher "$SYSBOX_ROOT/var/lib/rancher"',
    );
    // K3s blanks the command line, and the kernel names the program without the link.
    node.flag('process/cmdline', 'containerd \0\0');
    node.sh(
      'ln -sfn /mnt/rancher/k3s/data/abc/bin/containerd "$SYS/process/exe"; rm -r "$SYSBOX_ROOT/proc/100"; cp -r "$SYS/process" "$SYSBOX_ROOT/proc/100"',
    );
    lifecycle(node);
  });

  test('with a space in its path', () => lifecycle(make({ dataDir: '/data/k3s of lab' })));

  test('whose link was replaced after the install: the list of what is ours decides', () => {
    const node = ready();
    node.sh(
      'mkdir -p "$SYSBOX_ROOT/mnt" && mv "$SYSBOX_ROOT/var/lib/rancher" "$SYSBOX_ROOT/mnt/rancher" && ln -s ../../mnt/rancher "$SYSBOX_ROOT/var/lib/rancher"',
    );
    const starts = node.starts();
    node.run('uninstall');
    expect(node.hasRuntime()).toBe(false);
    expect(node.starts()).toBe(starts + 1);
    expect(node.exists(STATE)).toBe(false);
  });
});
