import { ConfigVersion, ContainerdRuntime } from '../../src/containerd';
import { EVERY_KEY, EVERY_OPTION } from '../containerd/every-option';
import { build, dump, type Dump, fixture, needGo, renderTemplate, runtimes, VERSIONS } from './containerd';

const HOUR = 60 * 60 * 1000;

beforeAll(() => {
  needGo();
  VERSIONS.forEach(build);
}, HOUR);
jest.setTimeout(60_000);

const sysbox = new ContainerdRuntime({ handler: 'sysbox-runc', binaryName: '/usr/bin/sysbox-runc' });
const dropIn = (version: ConfigVersion, systemdCgroup: boolean) =>
  sysbox.dropIn(version).replace(ContainerdRuntime.SYSTEMD_CGROUP_TOKEN, String(systemdCgroup));

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
  describe.each([
    ['rendered-v2', ConfigVersion.V2],
    ['rendered-v2-nvidia', ConfigVersion.V2],
    ['rendered-v3', ConfigVersion.V3],
    ['rendered-v3-nvidia', ConfigVersion.V3],
  ])('with K3s configuration %s', (name, version) => {
    const base = fixture(name);

    test.each([true, false])('merges the drop-in, SystemdCgroup %p', (systemdCgroup) => {
      expectAdded(dump(containerd, base), dump(containerd, base, dropIn(version, systemdCgroup)), systemdCgroup);
    });

    test('takes the lines added by hand to a template of somebody else', () => {
      const own = `{{ template "base" . }}\n${sysbox.manualLines(version)}`;

      expectAdded(dump(containerd, base), dump(containerd, renderTemplate(own, base, true)), true);
    });

    test('takes every option', () => {
      const every = new ContainerdRuntime(EVERY_OPTION).dropIn(version);

      expect(runtimes(taken(dump(containerd, base, every)))['sysbox-runc']).toEqual(EVERY_KEY);
    });
  });

  describe.each([
    ['rendered-v3', []],
    ['rendered-v3-nvidia', ['nvidia']],
  ])('with K3s template over %s', (name, found) => {
    const base = fixture(name);

    test.each([true, false])('has the runtime, SystemdCgroup %p', (systemdCgroup) => {
      const rendered = renderTemplate(sysbox.k3sTemplate(), base, systemdCgroup, found);

      expectAdded(dump(containerd, base), dump(containerd, rendered), systemdCgroup);
    });
  });

  describe('when K3s defines the handler itself', () => {
    const itself =
      fixture('rendered-v3-nvidia') +
      "\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.'sysbox-runc']\n  runtime_type = \"io.containerd.runc.v2\"\n";

    test('the template adds nothing', () => {
      const rendered = renderTemplate(sysbox.k3sTemplate(), itself, true, ['nvidia', 'sysbox-runc']);

      expect(taken(dump(containerd, rendered)).plugins).toEqual(taken(dump(containerd, itself)).plugins);
    });

    test('a table added all the same would stop containerd', () => {
      const { status, stderr } = dump(
        containerd,
        itself + sysbox.manualLines(ConfigVersion.V3).replace('{{ .SystemdCgroup }}', 'true'),
      );

      expect(status).not.toBe(0);
      expect(stderr).toContain('already exists');
    });
  });

  test('refuses a drop-in whose token nobody has replaced', () => {
    const { status, stderr } = dump(containerd, fixture('rendered-v3'), sysbox.dropIn(ConfigVersion.V3));

    expect(status).not.toBe(0);
    expect(stderr).toContain('toml');
  });

  test('lists for runc no option that has another name here', () => {
    const { runc } = runtimes(taken(dump(containerd, fixture('rendered-v3'))));

    expect(Object.keys(EVERY_KEY.options)).toEqual(expect.arrayContaining(Object.keys(runc.options)));
  });

  const itsVersions = containerd === 'v2.3.2-k3s2' ? [3, 4] : [3];
  test.each(itsVersions)('merges the drop-in of a plain containerd, configuration version %d', (version) => {
    const { handler, binaryName } = EVERY_OPTION;
    const plain = new ContainerdRuntime({ handler, binaryName, systemdCgroup: true });
    const root = `version = ${version}\nimports = []\n`;

    expectAdded(dump(containerd, root), dump(containerd, root, plain.plainDropIn()), true);
  });
});

describe('a drop-in of another version than the configuration that imports it', () => {
  const newer = (containerd: string) => dump(containerd, fixture('rendered-v2'), dropIn(ConfigVersion.V3, true));
  const older = (containerd: string) => dump(containerd, fixture('rendered-v3'), dropIn(ConfigVersion.V2, true));

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
