import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHELL_NAMES } from '../support/shells';
import { Bench, needTools } from './bench';

needTools();

const ALL = ['paths', 'durable', 'journal', 'node', 'daemons'];
const CONFIG = '/agent/etc/containerd/config.toml';

interface Process {
  readonly comm?: string;
  readonly cgroup: string;
  readonly args: string[];
  readonly exe?: string;
  /** The user's id. @default 0 */
  readonly uid?: number;
  /** In namespaces of a container. @default false */
  readonly contained?: boolean;
}

/** What systemd says: every unit of system.slice has the control group of its name. */
const SYSTEMD = 'systemctl() { for unit; do :; done; echo "/system.slice/$unit"; }';

describe.each(SHELL_NAMES)('under %s', (shell) => {
  let bench: Bench;
  beforeEach(() => void (bench = new Bench(shell)));
  afterEach(() => bench.dispose());

  const write = (path: string, content: string) => {
    mkdirSync(join(bench.root, path, '..'), { recursive: true });
    writeFileSync(join(bench.root, path), content);
  };

  const namespaces = (pid: number, name: string) => {
    mkdirSync(join(bench.root, `proc/${pid}/ns`), { recursive: true });
    for (const kind of ['pid', 'user', 'mnt'])
      symlinkSync(`${kind}:[${name}]`, join(bench.root, `proc/${pid}/ns/${kind}`));
  };
  beforeEach(() => namespaces(1, 'host'));

  const process = (pid: number, { comm = 'containerd', cgroup, args, exe, uid = 0, contained }: Process) => {
    const program = exe ?? '/var/lib/rancher/k3s/data/abc/bin/containerd';
    write(`proc/${pid}/comm`, `${comm}\n`);
    write(`proc/${pid}/cgroup`, cgroup);
    write(`proc/${pid}/cmdline`, ['containerd', ...args, ''].join('\0'));
    write(`proc/${pid}/status`, `Name:\tcontainerd\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`);
    symlinkSync(program, join(bench.root, `proc/${pid}/exe`));
    namespaces(pid, contained ? 'container' : 'host');
    for (const name of ['containerd', 'crictl', 'kubectl']) write(join(program, '..', name), '');
  };
  const k3s = (dataDir = '/var/lib/rancher/k3s') => [
    '-c',
    dataDir + CONFIG,
    '-a',
    '/run/k3s/containerd/containerd.sock',
  ];

  const discovered = () =>
    bench.output(ALL, `${SYSTEMD}; discover; echo "$ENGINE $UNIT $DATA_DIR $ADDRESS $BIN"`).trim();
  const refused = (systemd = SYSTEMD) => {
    const { status, stdout } = bench.run(ALL, `${systemd}; discover || { echo "$REFUSED_REASON: $REFUSED"; exit 3; }`);
    return `${status} ${stdout.trim()}`;
  };

  test("finds K3s's containerd, its unit and its data dir", () => {
    process(900, { cgroup: '0::/system.slice/k3s.service\n', args: k3s() });
    expect(discovered()).toBe(
      'k3s k3s /var/lib/rancher/k3s /run/k3s/containerd/containerd.sock /var/lib/rancher/k3s/data/abc/bin',
    );
  });

  test('finds a renamed unit, another data dir and RKE2', () => {
    process(900, {
      cgroup: '0::/system.slice/lab-rke2.service\n',
      args: k3s('/data/rke2'),
      exe: '/data/rke2/data/v1/bin/containerd',
    });
    symlinkSync('data/v1/bin', join(bench.root, 'data/rke2/bin'));
    expect(discovered()).toBe('rke2 lab-rke2 /data/rke2 /run/k3s/containerd/containerd.sock /data/rke2/data/v1/bin');
  });

  describe('executes nothing of a process that', () => {
    const cgroup = '0::/system.slice/k3s.service\n';

    test('is not of root, although it is named and started as K3s does', () => {
      process(900, {
        cgroup: '0::/user.slice/user-1000.slice/user@1000.service/app.slice/k3s.service\n',
        args: k3s(),
        uid: 1000,
      });
      expect(refused()).toBe('3 NotTrusted: process 900 (containerd of K3s) does not run as root');
    });

    test('lies in a unit of a user, whatever the name of the unit', () => {
      const group = '/user.slice/user-0.slice/user@0.service/app.slice/k3s.service';
      process(900, { cgroup: `0::${group}\n`, args: k3s() });
      expect(refused()).toContain(`runs in the control group ${group}, which is not a systemd unit's`);
    });

    test('lies in an LXC container, whose root can look like the host', () => {
      process(900, { cgroup: '0::/lxc.payload.a/system.slice/k3s.service\n', args: k3s(), contained: true });
      expect(refused()).toContain('runs in a container: its namespaces are not those of PID 1');
    });

    test('was started in a session', () => {
      process(900, { cgroup: '0::/user.slice/user-0.slice/session-3.scope\n', args: k3s() });
      expect(refused()).toMatch(/^3 NoUnit: process 900 .*session-3\.scope/);
    });

    test.each([
      ['belongs to a user', 'chown 1000 "$ROOT/var/lib/rancher/k3s/data/abc/bin/crictl"'],
      ['can be written by everybody', 'chmod 777 "$ROOT/var/lib/rancher/k3s/data/abc/bin/crictl"'],
      ['lies in a directory that everybody can write', 'chmod 777 "$ROOT/var/lib/rancher"'],
    ])('has a program that %s', (_, harm) => {
      process(900, { cgroup, args: k3s() });
      expect(refused(`${SYSTEMD}; ${harm}`)).toMatch(/data\/abc\/bin\/(containerd|crictl), which is not root's alone/);
    });

    test('is not in the control group that systemd knows for the unit', () => {
      process(900, { cgroup, args: k3s() });
      expect(refused('systemctl() { echo /system.slice/other.service; }')).toContain('NoUnit');
    });

    test('and the true one is found all the same', () => {
      process(100, { cgroup, args: k3s('/tmp/fake'), uid: 1000, exe: '/tmp/fake/data/x/bin/containerd' });
      process(900, { cgroup, args: k3s() });
      expect(discovered()).toContain('k3s k3s /var/lib/rancher/k3s ');
    });
  });

  test('finds K3s although it blanks the command line of its containerd, and another socket in what it rendered', () => {
    process(900, {
      cgroup: '0::/system.slice/k3s.service\n',
      args: ['containerd ', '', '', ''],
      exe: '/data/k3s/data/abc/bin/k3s',
    });
    expect(discovered()).toBe('k3s k3s /data/k3s /run/k3s/containerd/containerd.sock /data/k3s/data/abc/bin');

    const directory = join(bench.root, 'data/k3s/agent/etc/containerd');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'config.toml'), '[grpc]\n  address = "/run/other.sock"\n');
    expect(discovered()).toBe('k3s k3s /data/k3s /run/other.sock /data/k3s/data/abc/bin');
  });

  test('reads the unit from the many lines of cgroup v1', () => {
    process(900, {
      cgroup: '12:pids:/system.slice/k3s-agent.service\n1:name=systemd:/system.slice/k3s-agent.service\n0::/\n',
      args: k3s(),
    });
    expect(discovered()).toContain('k3s-agent ');
  });

  test.each([
    ['a pod', '0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope/system.slice/k3s.service\n'],
    ['a pod without systemd', '0::/kubepods/burstable/pod1/abc/init.scope\n'],
    ['Docker', '0::/system.slice/docker-abc.scope\n'],
    ['Docker with cgroupfs', '0::/docker/abc\n'],
  ])('ignores a K3s nested in %s', (_, cgroup) => {
    process(100, { cgroup, args: k3s(), contained: true });
    expect(refused()).toMatch(/^3/);
    process(900, { cgroup: '0::/system.slice/k3s.service\n', args: k3s() });
    expect(discovered()).toContain('k3s ');
  });

  test("ignores Docker's own containerd and shims", () => {
    process(3, {
      cgroup: '0::/system.slice/containerd.service\n',
      args: ['-c', '/etc/containerd/config.toml'],
      exe: '/usr/bin/containerd',
    });
    process(2, { comm: 'containerd-shim', cgroup: '0::/system.slice/k3s.service\n', args: k3s() });
    expect(refused()).toBe('3 :');
  });

  test('recalls the node when containerd is down, with the programs of the release in use', () => {
    process(900, { cgroup: '0::/system.slice/k3s.service\n', args: k3s() });
    discovered();
    write('var/lib/rancher/k3s/data/new/bin/containerd', '');
    bench.output(ALL, 'chmod +x "$ROOT/var/lib/rancher/k3s/data/new/bin/containerd"; rm -r "$ROOT/proc"');
    symlinkSync('new', join(bench.root, 'var/lib/rancher/k3s/data/current'));
    expect(bench.output(ALL, 'recall; echo "$UNIT $BIN $DAEMON"').trim()).toBe(
      `k3s /var/lib/rancher/k3s/data/current/bin ${bench.root}/var/lib/rancher/k3s/data/current/bin/containerd`,
    );
  });

  const balancer = (json: unknown, name = 'k3s-agent-load-balancer.json') =>
    write(`data/agent/etc/${name}`, JSON.stringify(json));
  const servers = (engine = 'k3s') => bench.output(ALL, `load_engine ${engine}; DATA_DIR=/data; servers`).trim();

  test('reads one server', () => {
    balancer({ ServerURL: 'https://10.0.0.1:6443', ServerAddresses: ['10.0.0.1:6443'], Listener: null });
    expect(servers()).toBe('10.0.0.1:6443');
  });

  test('reads several servers, names and IPv6', () => {
    balancer({ ServerURL: 'https://k3s.example.org:6443', ServerAddresses: ['10.0.0.1:6443', '[fd00::1]:6443'] });
    expect(servers().split('\n').sort()).toEqual(['10.0.0.1:6443', '[fd00::1]:6443', 'k3s.example.org:6443']);
  });

  test("does not ask the API server's balancer", () => {
    balancer({ ServerAddresses: ['10.0.0.1:9345'] }, 'rke2-agent-load-balancer.json');
    balancer({ ServerAddresses: ['10.0.0.1:6443'] }, 'rke2-api-server-agent-load-balancer.json');
    expect(servers('rke2')).toBe('10.0.0.1:9345');
  });

  const reachable = (role: string, answering: string) => {
    write(
      'kubectl',
      `#!/bin/sh\n[ "$KUBECONFIG" = /dev/null ] || exit 9\ncase "$*" in *--token*) ;; *) exit 8 ;; esac\ncase "$*" in *${answering}*) ;; *) exit 1 ;; esac\n`,
    );
    const execStart = `{ path=/usr/local/bin/k3s ; argv[]=/usr/local/bin/k3s ${role} --server=x ; ignore_errors=no }`;
    return bench.run(
      ALL,
      `chmod +x "$ROOT/kubectl"; systemctl() { echo '${execStart}'; }; load_engine k3s; KUBECTL=$ROOT/kubectl DATA_DIR=/data; engine_can_start`,
    ).status;
  };

  test('an agent is fine while one of its servers answers', () => {
    balancer({ ServerAddresses: ['10.0.0.1:6443', '10.0.0.2:6443'] });
    expect(reachable('agent', '10.0.0.2')).toBe(0);
    expect(reachable('agent', '10.0.0.3')).toBe(1);
  });

  test('a server waits for nobody, whatever an older role left behind', () => {
    balancer({ ServerAddresses: ['10.0.0.1:6443'] });
    expect(reachable('server', 'nobody')).toBe(0);
  });

  // The kubelet stops a sandbox that it does not know within 2 s.
  test("finds a sandbox's process with one grep, however many processes there are", () => {
    for (let pid = 1; pid <= 300; pid++) write(`proc/${pid}/cgroup`, `0::/system.slice/unit-${pid}.service\n`);
    write('proc/4242/cgroup', '0::/kubepods.slice/cri-containerd-abc.scope/init.scope\n');
    mkdirSync(join(bench.root, 'proc/4343')); // gone in between
    const counted = 'grep() { echo one >>"$ROOT/greps"; command grep "$@"; }';
    const find = (id: string) => bench.run([...ALL, 'verify'], `load_engine k3s; ${counted}; sandbox_process ${id}`);
    expect(find('abc').stdout.trim()).toBe(join(bench.root, 'proc/4242'));
    expect(readFileSync(join(bench.root, 'greps'), 'utf8')).toBe('one\n');
    expect(find('nobody').status).toBe(1);
  });

  test('a socket listens when the kernel says so, not when its file is there', () => {
    const head = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
    const line = (flags: string, path: string) =>
      `0000000000000000: 00000002 00000000 ${flags} 0001 01 12345 ${path}\n`;
    write(
      'proc/1/net/unix',
      head + line('00010000', '/run/sysbox/sysmgr.sock') + line('00000000', '/run/sysbox/sysfs.sock'),
    );
    expect(bench.run(ALL, 'listens /run/sysbox/sysmgr.sock').status).toBe(0);
    expect(bench.run(ALL, 'listens /run/sysbox/sysfs.sock').status).toBe(1);
    expect(bench.run(ALL, 'listens /run/sysbox/sysmgr').status).toBe(1);
    // A pod's own list, and what a process of the pod sees of it.
    write('proc/net/unix', head);
    expect(bench.run(ALL, 'listens /run/sysbox/sysmgr.sock').status).toBe(0);
    expect(bench.run(ALL, 'daemons_answer').status).toBe(1);
  });

  test('containerd is asked by crictl only when the kernel says that it listens', () => {
    write('crictl', '#!/bin/sh\necho asked >>"${0%/*}/asked"\n');
    const answers = () =>
      bench.run(
        ALL,
        'chmod +x "$ROOT/crictl"; CRICTL=$ROOT/crictl ADDRESS=/run/c.sock; rm -f "$ROOT/asked"; r=0; engine_answers || r=$?; echo $r; cat "$ROOT/asked" 2>/dev/null || true',
      ).stdout;
    const head = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
    write('proc/1/net/unix', head);
    expect(answers().trim()).toBe('1');
    write('proc/1/net/unix', `${head}0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/c.sock\n`);
    expect(answers().trim()).toBe('0\nasked');
  });
});
