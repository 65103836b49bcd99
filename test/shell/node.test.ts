import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, needTools, SHELLS } from './shells';

beforeAll(needTools);

const ALL = ['paths', 'durable', 'journal', 'node', 'daemons'];
const CONFIG = '/agent/etc/containerd/config.toml';

interface Process {
  readonly comm?: string;
  readonly cgroup: string;
  readonly args: string[];
  readonly exe?: string;
}

describe.each(Object.keys(SHELLS))('under %s', (shell) => {
  let bench: Bench;
  beforeEach(() => void (bench = new Bench(shell)));
  afterEach(() => bench.dispose());

  const write = (path: string, content: string) => {
    mkdirSync(join(bench.root, path, '..'), { recursive: true });
    writeFileSync(join(bench.root, path), content);
  };

  const process = (pid: number, { comm = 'containerd', cgroup, args, exe }: Process) => {
    write(`proc/${pid}/comm`, `${comm}\n`);
    write(`proc/${pid}/cgroup`, cgroup);
    write(`proc/${pid}/cmdline`, ['containerd', ...args, ''].join('\0'));
    symlinkSync(exe ?? '/var/lib/rancher/k3s/data/abc/bin/containerd', join(bench.root, `proc/${pid}/exe`));
  };
  const k3s = (dataDir = '/var/lib/rancher/k3s') => [
    '-c',
    dataDir + CONFIG,
    '-a',
    '/run/k3s/containerd/containerd.sock',
  ];

  const discovered = () => bench.output(ALL, 'discover; echo "$UNIT $DATA_DIR $ADDRESS $BIN"').trim();

  test("finds K3s's containerd, its unit and its data dir", () => {
    process(900, { cgroup: '0::/system.slice/k3s.service\n', args: k3s() });
    expect(discovered()).toBe(
      'k3s /var/lib/rancher/k3s /run/k3s/containerd/containerd.sock /var/lib/rancher/k3s/data/abc/bin',
    );
  });

  test('finds a renamed unit, another data dir and RKE2', () => {
    process(900, {
      cgroup: '0::/system.slice/lab-rke2.service\n',
      args: k3s('/data/rke2'),
      exe: '/data/rke2/data/v1/bin/containerd',
    });
    expect(discovered()).toBe('lab-rke2 /data/rke2 /run/k3s/containerd/containerd.sock /data/rke2/data/v1/bin');
  });

  test('finds K3s although it blanks the command line of its containerd, and another socket in what it rendered', () => {
    process(900, {
      cgroup: '0::/system.slice/k3s.service\n',
      args: ['containerd ', '', '', ''],
      exe: '/data/k3s/data/abc/bin/k3s',
    });
    expect(discovered()).toBe('k3s /data/k3s /run/k3s/containerd/containerd.sock /data/k3s/data/abc/bin');

    const folder = join(bench.root, 'data/k3s/agent/etc/containerd');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.toml'), '[grpc]\n  address = "/run/other.sock"\n');
    expect(discovered()).toBe('k3s /data/k3s /run/other.sock /data/k3s/data/abc/bin');
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
    process(100, { cgroup, args: k3s() });
    expect(bench.run(ALL, 'discover').status).toBe(1);
    process(900, { cgroup: '0::/system.slice/k3s.service\n', args: k3s() });
    expect(discovered()).toContain('k3s ');
  });

  test("ignores Docker's own containerd and shims", () => {
    process(1, { cgroup: '0::/system.slice/containerd.service\n', args: ['-c', '/etc/containerd/config.toml'] });
    process(2, { comm: 'containerd-shim', cgroup: '0::/system.slice/k3s.service\n', args: k3s() });
    expect(bench.run(ALL, 'discover').status).toBe(1);
  });

  test('recalls the node when containerd is down, with the programs of the release in use', () => {
    process(900, { cgroup: '0::/system.slice/k3s.service\n', args: k3s() });
    discovered();
    write('var/lib/rancher/k3s/data/new/bin/containerd', '');
    bench.output(ALL, 'chmod +x "$ROOT/var/lib/rancher/k3s/data/new/bin/containerd"; rm -r "$ROOT/proc"');
    symlinkSync('new', join(bench.root, 'var/lib/rancher/k3s/data/current'));
    expect(bench.output(ALL, 'recall; echo "$UNIT $BIN $CONTAINERD"').trim()).toBe(
      `k3s /var/lib/rancher/k3s/data/current/bin ${bench.root}/var/lib/rancher/k3s/data/current/bin/containerd`,
    );
  });

  const balancer = (json: unknown, name = 'k3s-agent-load-balancer.json') =>
    write(`data/agent/etc/${name}`, JSON.stringify(json));
  const servers = () => bench.output(ALL, 'DATA_DIR=/data; servers').trim();

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
    expect(servers()).toBe('10.0.0.1:9345');
  });

  const reachable = (role: string, answering: string) => {
    write(
      'kubectl',
      `#!/bin/sh\n[ "$KUBECONFIG" = /dev/null ] || exit 9\ncase "$*" in *--token*) ;; *) exit 8 ;; esac\ncase "$*" in *${answering}*) ;; *) exit 1 ;; esac\n`,
    );
    const execStart = `{ path=/usr/local/bin/k3s ; argv[]=/usr/local/bin/k3s ${role} --server=x ; ignore_errors=no }`;
    return bench.run(
      ALL,
      `chmod +x "$ROOT/kubectl"; systemctl() { echo '${execStart}'; }; KUBECTL=$ROOT/kubectl DATA_DIR=/data; server_reachable`,
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
    const find = (id: string) => bench.run([...ALL, 'verify'], `${counted}; sandbox_process ${id}`);
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
        'chmod +x "$ROOT/crictl"; CRICTL=$ROOT/crictl ADDRESS=/run/c.sock; rm -f "$ROOT/asked"; r=0; containerd_answers || r=$?; echo $r; cat "$ROOT/asked" 2>/dev/null || true',
      ).stdout;
    const head = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
    write('proc/1/net/unix', head);
    expect(answers().trim()).toBe('1');
    write('proc/1/net/unix', `${head}0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/c.sock\n`);
    expect(answers().trim()).toBe('0\nasked');
  });
});
