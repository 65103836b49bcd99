// The engines that are not K3s: what their files find, write and refuse. containerd.test.ts and the others kill their operations.
import { installed, sha256, WITHOUT_IMPORTS, withoutImports } from './operations';
import { tree } from './states';
import { FakeNode } from './world';

jest.setTimeout(120_000);

const ENGINES = ['containerd', 'k0s', 'crio'] as const;

describe.each(ENGINES)('%s', (engine) => {
  const options = { engine };

  test('is installed with a drop-in, in one restart, and leaves nothing behind', () => {
    const node = new FakeNode(options);
    const before = tree(node);
    const starts = node.starts();
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.read(node.dropIn())).toContain(engine === 'crio' ? 'runtime_path' : 'version = 3');
    expect(node.hasRuntime()).toBe(true);
    expect(node.converge()).toMatchObject({ action: 'none' });
    expect(node.starts()).toBe(starts + 1);
    node.boot();
    expect(node.hasRuntime()).toBe(true);
    node.run('uninstall');
    expect(node.hasRuntime()).toBe(false);
    const after = tree(node);
    const ours = /^\/(var\/lib\/cdk8s-sysbox|opt\/sysbox)/;
    for (const path of Object.keys({ ...before, ...after }).filter((path) => !ours.test(path))) {
      expect([path, after[path]]).toEqual([path, before[path]]);
    }
    node.dispose();
  });
});

test.each([
  ['containerd', '/etc/containerd/conf.d'],
  ['k0s', '/etc/k0s/containerd.d'],
] as const)('%s whose configuration imports nothing is refused with the line to add', (engine, directory) => {
  const node = new FakeNode({ engine });
  node.write(node.config, 'version = 3\n');
  const status = node.converge();
  expect(status).toMatchObject({ stage: 'failed', reason: 'NoImports' });
  expect(status.message).toContain(`imports = ["${directory}/*.toml"]`);
  node.dispose();
});

describe('a plain containerd whose configuration imports nothing, and is taken over', () => {
  const root = WITHOUT_IMPORTS;
  const taken = () => {
    const node = new FakeNode(withoutImports(root));
    node.write(node.config, root, 0o600);
    return node;
  };
  const mode = (node: FakeNode) => node.sh(`stat -c %a "$SYSBOX_ROOT${node.config}"`).stdout.trim();

  test('names the sha256', () => {
    const node = new FakeNode({ engine: 'containerd', foreign: { '/etc/containerd/config.toml': root } });
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'NoImports' });
    expect(node.status().message).toContain(`by the setting node.takeoverSha256 (TAKEOVER) ${sha256(root)}`);
    node.dispose();
  });

  test('gets our table after its own lines, and an uninstall restores it', () => {
    const node = taken();
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.read(node.config).startsWith(root)).toBe(true);
    expect(mode(node)).toBe('600');
    expect(node.hasRuntime()).toBe(true);
    expect(node.converge()).toMatchObject({ action: 'none' });
    node.run('uninstall');
    expect(node.read(node.config)).toBe(root);
    expect(mode(node)).toBe('600');
    expect(node.hasRuntime()).toBe(false);
    node.dispose();
  });

  test('keeps what its owner writes into it afterwards', () => {
    const node = taken();
    node.converge();
    node.write(node.config, node.read(node.config).replace('# theirs', '# theirs, changed'), 0o600);
    expect(node.converge()).toMatchObject({ action: 'none' });
    node.run('uninstall');
    expect(node.read(node.config)).toBe(root.replace('# theirs', '# theirs, changed'));
    node.dispose();
  });

  test('is refused where it defines our handler itself', () => {
    const own = `${root}[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.sysbox-runc]\n  runtime_type = "io.containerd.runc.v2"\n`;
    const node = new FakeNode(withoutImports(own));
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'ForeignHandler' });
    node.dispose();
  });
});

describe("which containerd is the node's", () => {
  test.each([
    ['one of Docker, whose socket the kubelet does not use', '/run/other.sock', 'NoEngine'],
    ['one whose socket the kubelet names by /var/run', '/var/run/containerd/containerd.sock', ''],
  ])('%s', (_, socket, reason) => {
    const node = new FakeNode({ engine: 'containerd' });
    node.write('/proc/90/cmdline', ['kubelet', '--container-runtime-endpoint', `unix://${socket}`, ''].join('\0'));
    expect(node.converge().reason).toBe(reason);
    node.dispose();
  });

  test("the kubelet's configuration file says it where the command line does not", () => {
    const node = new FakeNode({ engine: 'containerd' });
    node.write('/proc/90/cmdline', ['kubelet', '--config=/var/lib/kubelet/config.yaml', ''].join('\0'));
    node.write('/var/lib/kubelet/config.yaml', 'containerRuntimeEndpoint: unix:///run/other.sock\n');
    expect(node.converge()).toMatchObject({ reason: 'NoEngine' });
    node.write('/var/lib/kubelet/config.yaml', 'containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock"\n');
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    node.dispose();
  });

  test('a host without crictl is refused', () => {
    const node = new FakeNode({ engine: 'containerd' });
    node.sh('rm "$SYSBOX_ROOT/usr/local/bin/crictl"');
    expect(node.converge()).toMatchObject({ stage: 'failed', reason: 'MissingPrograms' });
    expect(node.status().message).toContain('the host lacks crictl');
    node.dispose();
  });
});

test('a root of version 4, which containerd 2.3 writes, gets a drop-in of version 3', () => {
  const node = installed({ engine: 'containerd' });
  node.run('uninstall');
  const root = node.read(node.config).replace('version = 3', 'version = 4');
  node.write(node.config, root);
  node.write('/base.toml', root);
  node.flag('base', node.path('/base.toml'));
  node.publish('one');
  node.publishRelease('aaaa');
  expect(node.converge()).toMatchObject({ stage: 'verified' });
  expect(node.read(node.dropIn())).toContain('version = 3');
  node.dispose();
});
