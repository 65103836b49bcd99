import { containerdFiles } from '../../src/containerd/containerd-files';
import { UNDECIDED } from '../../src/core/toml';
import {
  build,
  dump,
  type Dump,
  fixture,
  needGo,
  networkError,
  renderTemplate,
  runtimes,
  says,
  VERSIONS,
} from './containerd';

const HOUR = 60 * 60 * 1000;

beforeAll(() => {
  needGo();
  VERSIONS.forEach((version) => build(version));
}, HOUR);
jest.setTimeout(60_000);

const files = containerdFiles({ handler: 'sysbox-runc', binaryPath: '/usr/bin/sysbox-runc' });
const template = files['config-v3.toml.tmpl'] ?? '';
const manualLines = (version: number) => files[`manual-lines-v${version}.toml`] ?? '';
const undecided = (version: number) => files[`drop-in-v${version}.toml`] ?? '';
const dropIn = (version: number, systemdCgroup: boolean) =>
  undecided(version).replace(UNDECIDED, String(systemdCgroup));

/** The dump, if containerd took the configuration. */
function taken(result: Dump): Dump {
  expect(result).toMatchObject({ status: 0 });
  return result;
}

/** Our runtime has our values, and nothing else differs from what K3s has without us. */
function expectAdded(before: Dump, after: Dump, systemdCgroup: boolean): void {
  const { 'sysbox-runc': added } = runtimes(taken(after));
  expect(added).toMatchObject({ runtime_type: 'io.containerd.runc.v2' });
  expect(added.options).toEqual({ BinaryName: '/usr/bin/sysbox-runc', SystemdCgroup: systemdCgroup });

  delete runtimes(after)['sysbox-runc'];
  expect(runtimes(after).runc).toEqual(runtimes(before).runc);
  expect(after.plugins).toEqual(before.plugins);
}

describe.each(VERSIONS)('containerd %s', (containerd) => {
  test('says that it was the network in the words that the node programs look for', () => {
    expect(says(containerd, networkError())).toBe(true);
  });

  describe.each([
    ['rendered-v2', 2],
    ['rendered-v2-nvidia', 2],
    ['rendered-v3', 3],
    ['rendered-v3-nvidia', 3],
  ])('with K3s configuration %s', (name, version) => {
    const base = fixture(name);

    test.each([true, false])('merges the drop-in, SystemdCgroup %p', (systemdCgroup) => {
      expectAdded(dump(containerd, base), dump(containerd, base, dropIn(version, systemdCgroup)), systemdCgroup);
    });

    test('takes the lines added by hand to a template of somebody else', () => {
      const own = `{{ template "base" . }}\n${manualLines(version)}`;

      expectAdded(dump(containerd, base), dump(containerd, renderTemplate(own, base, true)), true);
    });
  });

  describe.each([
    ['rendered-v3', []],
    ['rendered-v3-nvidia', ['nvidia']],
  ])('with K3s template over %s', (name, found) => {
    const base = fixture(name);

    test.each([true, false])('has the runtime, SystemdCgroup %p', (systemdCgroup) => {
      const rendered = renderTemplate(template, base, systemdCgroup, found);

      expectAdded(dump(containerd, base), dump(containerd, rendered), systemdCgroup);
    });
  });

  describe('when K3s defines the handler itself', () => {
    const itself =
      fixture('rendered-v3-nvidia') +
      "\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.'sysbox-runc']\n  runtime_type = \"io.containerd.runc.v2\"\n";

    test('the template adds nothing', () => {
      const rendered = renderTemplate(template, itself, true, ['nvidia', 'sysbox-runc']);

      expect(taken(dump(containerd, rendered)).plugins).toEqual(taken(dump(containerd, itself)).plugins);
    });

    test('a table added all the same would stop containerd', () => {
      const { status, stderr } = dump(containerd, itself + manualLines(3).replace('{{ .SystemdCgroup }}', 'true'));

      expect(status).not.toBe(0);
      expect(stderr).toContain('already exists');
    });
  });

  test('refuses a drop-in whose token nobody has replaced', () => {
    const { status, stderr } = dump(containerd, fixture('rendered-v3'), undecided(3));

    expect(status).not.toBe(0);
    expect(stderr).toContain('toml');
  });

  const itsVersions = containerd === 'v2.3.2-k3s2' ? [3, 4] : [3];
  test.each(itsVersions)('merges the drop-in of a plain containerd, configuration version %d', (version) => {
    const root = `version = ${version}\nimports = []\n`;

    expectAdded(dump(containerd, root), dump(containerd, root, dropIn(3, true)), true);
  });
});

describe('a drop-in of another version than the configuration that imports it', () => {
  const newer = (containerd: string) => dump(containerd, fixture('rendered-v2'), dropIn(3, true));
  const older = (containerd: string) => dump(containerd, fixture('rendered-v3'), dropIn(2, true));

  test('newer: stops containerd 2.3', () => {
    const { status, stderr } = newer('v2.3.2-k3s2');

    expect(status).not.toBe(0);
    expect(stderr).toContain('drop-in config version 3 higher than root config version 2');
  });

  test("newer: makes containerd 2.2 lose K3s's own configuration, silently", () => {
    const result = taken(newer('v2.2.2-k3s1'));

    expect(runtimes(result)).toHaveProperty('sysbox-runc');
    expect(runtimes(result).runc.options).toHaveProperty('SystemdCgroup', false);
    expect(result.plugins['io.containerd.cri.v1.runtime'].cni).toHaveProperty('conf_dir', '/etc/cni/net.d');
  });

  test('older: is merged by containerd 2.3 and ignored by 2.2, silently', () => {
    expect(runtimes(taken(older('v2.3.2-k3s2')))).toHaveProperty('sysbox-runc');
    expect(runtimes(taken(older('v2.2.2-k3s1')))).not.toHaveProperty('sysbox-runc');
  });
});

test('says what is missing on a machine without Go', () => {
  expect(() => needGo({ PATH: '/nonexistent' })).toThrow(
    'npm run test:merge builds containerd and needs Go, at least 1.26: `go` is not on the PATH',
  );
});
