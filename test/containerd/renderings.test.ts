import { parse } from '@iarna/toml';
import { ConfigVersion, ContainerdRuntime } from '../../src/containerd';
import { EVERY_KEY, EVERY_OPTION, runtimeIn } from './every-option';

const SYSBOX = { handler: 'sysbox-runc', binaryName: '/usr/bin/sysbox-runc' };
const sysbox = new ContainerdRuntime(SYSBOX);
const TOKEN = ContainerdRuntime.SYSTEMD_CGROUP_TOKEN;

const table = (systemdCgroup: boolean) => ({
  'sysbox-runc': {
    runtime_type: 'io.containerd.runc.v2',
    options: { BinaryName: '/usr/bin/sysbox-runc', SystemdCgroup: systemdCgroup },
  },
});

describe('K3s template', () => {
  const template = sysbox.k3sTemplate();

  test('reads well', () => expect(template).toMatchSnapshot());

  test('begins with the configuration of K3s', () => {
    expect(template.split('\n')[0]).toBe('{{ template "base" . }}');
  });

  test('takes the cgroup driver from K3s', () => {
    expect(template).toContain('  SystemdCgroup = {{ .SystemdCgroup }}\n');
    expect(template).not.toContain(TOKEN);
  });

  test('asks K3s whether it has defined the handler, by a field that is empty when it has not', () => {
    expect(template).toContain('{{ if not (index .ExtraRuntimes "sysbox-runc").RuntimeType }}\n[plugins.');
    expect(template.endsWith('{{ end }}\n')).toBe(true);
  });

  test('keeps a cgroup driver that was given', () => {
    const given = new ContainerdRuntime({ ...SYSBOX, systemdCgroup: false }).k3sTemplate();

    expect(given).toContain('  SystemdCgroup = false\n');
  });
});

describe('lines for a template of somebody else', () => {
  test('read well', () => {
    expect(sysbox.manualLines(ConfigVersion.V3)).toMatchSnapshot();
    expect(sysbox.manualLines(ConfigVersion.V2)).toMatchSnapshot();
  });

  test('stand in the template as they are', () => {
    expect(sysbox.k3sTemplate()).toContain(`\n${sysbox.manualLines(ConfigVersion.V3)}{{ end }}`);
  });
});

describe('drop-in', () => {
  test.each([ConfigVersion.V2, ConfigVersion.V3])('reads well in version %d', (version) => {
    expect(sysbox.dropIn(version)).toMatchSnapshot();
  });

  test('says who wrote it', () => {
    expect(sysbox.dropIn(ConfigVersion.V3)).toMatch(/^# Written by cdk8s-sysbox: .*sysbox-runc/);
  });

  test.each([
    [ConfigVersion.V2, 'io.containerd.grpc.v1.cri'],
    [ConfigVersion.V3, 'io.containerd.cri.v1.runtime'],
  ])('of version %d names the plugin as that version does', (version, plugin) => {
    const filledIn = sysbox.dropIn(version).replace(TOKEN, 'false');

    expect(parse(filledIn)).toEqual({ version, plugins: { [plugin]: { containerd: { runtimes: table(false) } } } });
  });

  test('holds the token once, alone, where the node writes true or false', () => {
    expect(TOKEN).toBe('@SYSTEMD_CGROUP@');
    expect(sysbox.dropIn(ConfigVersion.V3).split(TOKEN)).toHaveLength(2);
    expect(sysbox.dropIn(ConfigVersion.V3)).toContain(`  SystemdCgroup = ${TOKEN}\n`);
  });

  test('is no template: K3s reads it as it stands', () => {
    expect(sysbox.dropIn(ConfigVersion.V3)).not.toContain('{{');
  });

  test('keeps a cgroup driver that was given', () => {
    const given = new ContainerdRuntime({ ...SYSBOX, systemdCgroup: false }).dropIn(ConfigVersion.V3);

    expect(given).toContain('  SystemdCgroup = false\n');
    expect(given).not.toContain(TOKEN);
  });
});

describe('drop-in of a plain containerd', () => {
  const plain = new ContainerdRuntime({ ...SYSBOX, systemdCgroup: true });

  test('reads well', () => expect(plain.plainDropIn()).toMatchSnapshot());

  test('has version 3 unless told otherwise', () => {
    expect(parse(plain.plainDropIn())).toHaveProperty('version', 3);
    expect(plain.plainDropIn(ConfigVersion.V2)).toBe(plain.dropIn(ConfigVersion.V2));
  });

  test('is refused without a cgroup driver', () => {
    expect(() => sysbox.plainDropIn()).toThrow(
      `containerd runtime "sysbox-runc": systemdCgroup is not set, and nothing fills it in on a node without K3s: give it the value of the kubelet's cgroupDriver`,
    );
  });
});

describe('CRI-O drop-in', () => {
  test('reads well', () => expect(sysbox.crioDropIn()).toMatchSnapshot());

  test("has what Sysbox's own installer writes", () => {
    expect(parse(sysbox.crioDropIn({ monitorPath: '/usr/local/bin/crio-conmon' }))).toEqual({
      crio: {
        runtime: {
          runtimes: {
            'sysbox-runc': {
              runtime_type: 'oci',
              runtime_path: '/usr/bin/sysbox-runc',
              monitor_path: '/usr/local/bin/crio-conmon',
              allowed_annotations: ['io.kubernetes.cri-o.userns-mode'],
            },
          },
        },
      },
    });
  });

  test('takes over what CRI-O knows too', () => {
    const text = new ContainerdRuntime({
      ...SYSBOX,
      root: '/run/sysbox-runc',
      privilegedWithoutHostDevices: true,
      systemdCgroup: true,
    }).crioDropIn({ allowedAnnotations: ['io.kubernetes.cri-o.Devices'] });

    expect(parse(text)).toHaveProperty(['crio', 'runtime', 'runtimes', 'sysbox-runc'], {
      runtime_type: 'oci',
      runtime_path: '/usr/bin/sysbox-runc',
      runtime_root: '/run/sysbox-runc',
      privileged_without_host_devices: true,
      allowed_annotations: ['io.kubernetes.cri-o.Devices'],
    });
  });

  test('refuses an option of containerd', () => {
    expect(() => new ContainerdRuntime({ ...SYSBOX, snapshotter: 'native' }).crioDropIn()).toThrow(
      'CRI-O runtime "sysbox-runc": unknown option "snapshotter", leave it out; there are handler, systemdCgroup, binaryName,',
    );
  });

  test('refuses a relative monitor and annotations that are no list', () => {
    expect(() => sysbox.crioDropIn({ monitorPath: 'conmon' })).toThrow('monitorPath must be an absolute path');
    expect(() => sysbox.crioDropIn({ allowedAnnotations: 'all' as never })).toThrow(
      'allowedAnnotations must be a list',
    );
  });
});

describe('every option', () => {
  const text = new ContainerdRuntime(EVERY_OPTION).dropIn(ConfigVersion.V3);

  test('reads well', () => expect(text).toMatchSnapshot());

  test('is rendered', () => expect(runtimeIn(text, 'sysbox-runc')).toEqual(EVERY_KEY));

  test('leaves nothing behind when it is not given', () => {
    const { handler, binaryName } = EVERY_OPTION;
    const undefinedOnes = Object.fromEntries(Object.keys(EVERY_OPTION).map((name) => [name, undefined]));

    expect(new ContainerdRuntime({ ...undefinedOnes, handler, binaryName }).k3sTemplate()).toBe(sysbox.k3sTemplate());
  });

  test('is rendered in the same order, however it was written', () => {
    const reversed = Object.fromEntries(Object.entries(EVERY_OPTION).reverse()) as typeof EVERY_OPTION;

    expect(new ContainerdRuntime(reversed).dropIn(ConfigVersion.V3)).toBe(text);
  });

  test('does not change with the object that it was made from', () => {
    const props = { ...SYSBOX, podAnnotations: ['a'] };
    const runtime = new ContainerdRuntime(props);
    props.podAnnotations.push('b');

    expect(runtime.dropIn(ConfigVersion.V3)).toContain('pod_annotations = [ "a" ]');
  });

  test('does not change with the object that it was made from, for CRI-O either', () => {
    const props = { ...SYSBOX };
    const runtime = new ContainerdRuntime(props);
    props.binaryName = '/usr/bin/other';

    expect(runtime.crioDropIn()).toBe(sysbox.crioDropIn());
  });
});
