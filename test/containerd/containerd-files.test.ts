import { parse } from '@iarna/toml';
import { containerdFiles } from '../../src/containerd/containerd-files';
import { assertHandler } from '../../src/containerd/containerd-runtime';
import { crioDropIn } from '../../src/containerd/crio';
import { UNDECIDED } from '../../src/core/toml';

const SYSBOX = { handler: 'sysbox-runc', binaryPath: '/usr/bin/sysbox-runc' };
const files = containerdFiles(SYSBOX);
const file = (name: string): string => files[name] ?? '';

test.each(Object.keys(files))('%s reads well', (name) => expect(file(name)).toMatchSnapshot());

describe('K3s template', () => {
  const template = file('config-v3.toml.tmpl');

  test('begins with the configuration of K3s', () => {
    expect(template.split('\n')[0]).toBe('{{ template "base" . }}');
  });

  test('takes the cgroup driver from K3s', () => {
    expect(template).toContain('  SystemdCgroup = {{ .SystemdCgroup }}\n');
    expect(template).not.toContain(UNDECIDED);
  });

  test('asks K3s whether it has defined the handler, by a field that is empty when it has not', () => {
    expect(template).toContain('{{ if not (index .ExtraRuntimes "sysbox-runc").RuntimeType }}\n[plugins.');
    expect(template.endsWith('{{ end }}\n')).toBe(true);
  });

  test('has the lines that a person would add by hand', () => {
    expect(template).toContain(`\n${file('manual-lines-v3.toml')}{{ end }}`);
  });
});

describe.each([
  [2, 'io.containerd.grpc.v1.cri'],
  [3, 'io.containerd.cri.v1.runtime'],
])('drop-in of version %d', (version, plugin) => {
  const text = file(`drop-in-v${version}.toml`);

  test('says who wrote it', () => {
    expect(text).toMatch(/^# Written by cdk8s-sysbox: .*sysbox-runc/);
  });

  test('names the plugin as that version does', () => {
    const runtimes = {
      'sysbox-runc': {
        runtime_type: 'io.containerd.runc.v2',
        options: { BinaryName: '/usr/bin/sysbox-runc', SystemdCgroup: false },
      },
    };
    expect(parse(text.replace(UNDECIDED, 'false'))).toEqual({
      version,
      plugins: { [plugin]: { containerd: { runtimes } } },
    });
  });

  test('has the token once, alone, where the node writes true or false', () => {
    expect(UNDECIDED).toBe('@SYSTEMD_CGROUP@');
    expect(text.split(UNDECIDED)).toHaveLength(2);
    expect(text).toContain(`  SystemdCgroup = ${UNDECIDED}\n`);
  });

  test('is not a template: K3s reads it as it stands', () => {
    expect(text).not.toContain('{{');
  });
});

test('the CRI-O drop-in has what Sysbox’ own installer writes', () => {
  expect(crioDropIn(SYSBOX)).toMatch(/^# Written by cdk8s-sysbox: /);
  expect(parse(crioDropIn(SYSBOX))).toEqual({
    crio: {
      runtime: {
        runtimes: {
          'sysbox-runc': {
            runtime_type: 'oci',
            runtime_path: '/usr/bin/sysbox-runc',
            runtime_root: '/run/sysbox-runc',
            allowed_annotations: ['io.kubernetes.cri-o.userns-mode'],
          },
        },
      },
    },
  });
});

describe('handlers', () => {
  const assert = (handler: string) => () => assertHandler(handler, 'app/sysbox');

  test.each(['sysbox-runc', 'a', 'crunchy', 'a'.repeat(63)])('takes %s', (handler) => {
    expect(assert(handler)).not.toThrow();
  });

  test.each(['', 'Sysbox', '-a', 'a.b', 'a'.repeat(64), '{{', undefined as never])('refuses %p', (handler) => {
    expect(assert(handler)).toThrow(`app/sysbox: handler '${handler}' is not a valid DNS label`);
  });

  test.each(['runc', 'runhcs-wcow-process', 'crun', 'nvidia', 'nvidia-cdi', 'wasmtime'])(
    'refuses K3s’s own %s',
    (handler) => {
      expect(assert(handler)).toThrow(
        `app/sysbox: K3s defines the runtime '${handler}' itself. Choose another handler, such as 'sysbox-runc'`,
      );
    },
  );
});
