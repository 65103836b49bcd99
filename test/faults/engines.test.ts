// The engines that are not K3s: each operation that runs their file, killed at every command boundary and on a bad disk.
import { breakDiskEverywhere, printDisk } from './disk';
import { killEverywhere, print } from './kills';
import { failing, install, installed, uninstall } from './operations';
import { FakeNode, tree } from './world';

jest.setTimeout(900_000);

describe.each(['containerd', 'k0s'] as const)('%s', (engine) => {
  const options = { engine };

  test('is installed with a drop-in, in one restart, and leaves nothing behind', () => {
    const node = new FakeNode(options);
    const before = tree(node);
    const starts = node.starts();
    expect(node.converge()).toMatchObject({ stage: 'verified' });
    expect(node.read(node.dropIn())).toContain('version = 3');
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

  test('whose configuration imports nothing is refused with the line to add', () => {
    const node = new FakeNode(options);
    node.write(node.config, 'version = 3\n');
    const status = node.converge();
    expect(status).toMatchObject({ stage: 'failed', reason: 'NoImports' });
    const directory = engine === 'k0s' ? '/etc/k0s/containerd.d' : '/etc/containerd/conf.d';
    expect(status.message).toContain(`imports = ["${directory}/*.toml"]`);
    node.dispose();
  });
});

// What an engine's file does differently changes no file of the node, so the states are those of K3s (install.test.ts and the others), from
// each of which a node is continued there; here from every fourth.
describe('killed at every command boundary', () => {
  test.each(['containerd', 'k0s'] as const)('an install on %s leaves a node that runs', (engine) => {
    print(`install, ${engine}`, killEverywhere(install({ engine }), 4));
  });

  test('a rollback on containerd leaves it without the runtime', () => {
    print(
      'rollback, containerd',
      killEverywhere(
        failing(() => new FakeNode({ engine: 'containerd' })),
        4,
      ),
    );
  });

  test.each(['containerd', 'k0s'] as const)('an uninstall on %s can be resumed', (engine) => {
    print(`uninstall, ${engine}`, killEverywhere(uninstall({ engine }), 4));
  });
});

test('with a disk that is full, then read-only, from any write on, an install on containerd leaves a node that runs', () => {
  const options = { engine: 'containerd', ownFilesystem: true } as const;
  printDisk('install, containerd', breakDiskEverywhere(install(options), undefined, 4));
});

describe("which containerd is the node's", () => {
  test.each([
    ['one of Docker, whose socket the kubelet does not use', '/run/other.sock', 'NoContainerd'],
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
    expect(node.converge()).toMatchObject({ reason: 'NoContainerd' });
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
