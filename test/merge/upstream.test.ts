// Our drop-in in upstream's containerd, as a plain node or k0s has it: with the version that the node programs choose for the root file.
import { containerdFiles } from '../../src/containerd/containerd-files';
import { UNDECIDED } from '../../src/core/toml';
import { build, defaults, dump, needGo, networkError, runtimes, says, UPSTREAM } from './containerd';

beforeAll(
  () => {
    needGo();
    UPSTREAM.forEach((version) => build(version));
  },
  60 * 60 * 1000,
);
jest.setTimeout(60_000);

const files = containerdFiles({ handler: 'sysbox-runc', binaryPath: '/opt/sysbox/current/sysbox-runc' });
/** As choose_path does (host/containerd.sh): version 4 has the tables of 3. */
const dropInFor = (root: string) =>
  (files[/^version = 2/m.test(root) ? 'drop-in-v2.toml' : 'drop-in-v3.toml'] ?? '').replace(UNDECIDED, 'true');

/** What k0s writes (k0s pkg/component/worker/containerd): the imports, and little else. */
const K0S = `# k0s_managed=true
version = 3
imports = []

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = 'registry.k8s.io/pause:3.10'
`;
/** What people have from containerd 1.7, with the cgroup driver of kubeadm's guide. */
const V2 = `version = 2
imports = []

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = true
`;

describe.each(UPSTREAM)('containerd %s', (version) => {
  const roots: Record<string, () => string> = {
    'its own defaults': () =>
      defaults(version)
        .replace(/^imports = .*\n/m, '')
        .replace(/^(version = .*)$/m, '$1\nimports = []'),
    "k0s's configuration": () => K0S,
    'a configuration of version 2': () => V2,
    'a version and nothing else': () => 'version = 3\nimports = []\n',
  };

  test('says that it was the network in the words that the node programs look for', () => {
    expect(says(version, networkError())).toBe(true);
  });

  // As engine_template does (host/engines/containerd.sh).
  test('reads our table behind the lines of a file that imports nothing and was taken over', () => {
    const config = 'version = 3\n';
    const before = dump(version, config);
    const after = dump(version, config + dropInFor(config).replace(/^version.*\n/m, ''));
    expect(runtimes(after)['sysbox-runc'].options).toMatchObject({ BinaryName: '/opt/sysbox/current/sysbox-runc' });
    delete runtimes(after)['sysbox-runc'];
    expect(after.plugins).toEqual(before.plugins);
  });

  test.each(Object.entries(roots))('merges the drop-in into %s, and changes nothing else', (_, root) => {
    const config = root();
    const before = dump(version, config);
    const after = dump(version, config, dropInFor(config));
    expect([before.status, after.status, after.stderr]).toEqual([0, 0, after.stderr]);
    const { 'sysbox-runc': added } = runtimes(after);
    expect(added).toMatchObject({ runtime_type: 'io.containerd.runc.v2' });
    expect(added.options).toMatchObject({ BinaryName: '/opt/sysbox/current/sysbox-runc', SystemdCgroup: true });
    delete runtimes(after)['sysbox-runc'];
    expect(after.plugins).toEqual(before.plugins);
  });
});
