import { ContainerdRuntime, type ContainerdRuntimeProps } from '../../src/containerd';
import { EVERY_OPTION } from './every-option';

const make = (props: object) => () =>
  new ContainerdRuntime({
    handler: 'sysbox-runc',
    binaryName: '/usr/bin/sysbox-runc',
    ...props,
  } as ContainerdRuntimeProps);

const ABSOLUTE = 'must be an absolute path, with no ".." and no "/" at its end, such as "/usr/bin/sysbox-runc"';
const TEXT = 'a non-empty string without control characters, "{{" and "@SYSTEMD_CGROUP@"';
const FLAG = 'must be true or false';
const NUMBER = 'must be a whole number from 0 to 4294967295';

describe('handler', () => {
  test.each(['', 'Sysbox', 'sysbox_runc', '-sysbox', 'sysbox-', 'a.b', 'a'.repeat(64), "a'b", 7, undefined])(
    'refuses %p, which is no DNS label',
    (handler) => expect(make({ handler })).toThrow('handler must be a DNS label (1 to 63 of a-z, 0-9 and "-"'),
  );

  test.each([
    ...['runc', 'runhcs-wcow-process', 'crun', 'nvidia', 'nvidia-cdi', 'nvidia-experimental'],
    ...['lunatic', 'slight', 'spin', 'wws', 'wasmedge', 'wasmer', 'wasmtime'],
  ])('refuses %s, which K3s defines itself', (handler) => {
    expect(make({ handler })).toThrow(
      `containerd runtime '${handler}': handler must not be a runtime that K3s defines itself: choose another, such as "sysbox-runc", not '${handler}'`,
    );
  });

  test.each(['s', '0', 'sysbox-runc', 'runc2', 'nvidia2', 'a'.repeat(63)])('takes %s', (handler) => {
    expect(make({ handler })).not.toThrow();
  });
});

describe('an option of the wrong type', () => {
  const PATHS = ['runtimePath', 'baseRuntimeSpec', 'cniConfDir', 'binaryName', 'root'];
  const MORE_PATHS = ['shimCgroup', 'criuImagePath', 'criuWorkPath'];
  const FLAGS = ['systemdCgroup', 'privilegedWithoutHostDevices', 'privilegedWithoutHostDevicesAllDevicesAllowed'];
  const MORE_FLAGS = ['cgroupWritable', 'noPivotRoot', 'noNewKeyring'];
  const cases = new Map<string, [unknown[], string]>([
    ['handler', [[null], 'must be a DNS label']],
    ['runtimeType', [['runc', 'io.containerd.runc', 'io.containerd.runc.v2 ', 2], 'must be the name of a shim']],
    ['snapshotter', [['', 1, null, [], 'a\nb'], `must be ${TEXT}`]],
    ['sandboxer', [['', true], `must be ${TEXT}`]],
    ['ioType', [['pipe', 1], 'must be one of "fifo", "streaming"']],
    ...['podAnnotations', 'containerAnnotations'].map(
      (name) =>
        [
          name,
          [['a', [1], [undefined], [null], ['a', ['b']], [''], { a: 'b' }], `must be a list, each item ${TEXT}`],
        ] as const,
    ),
    ...['cniMaxConfNum', 'ioUid', 'ioGid'].map(
      (name) => [name, [[-1, 1.5, NaN, Infinity, -0, 2 ** 32, 1n, '1'], NUMBER]] as const,
    ),
    ...[...FLAGS, ...MORE_FLAGS].map((name) => [name, [['yes', 'true', 1, null], FLAG]] as const),
    ...[...PATHS, ...MORE_PATHS].map(
      (name) => [name, [['sysbox-runc', './a', '/a/../b', '//a', '/a/', '/', '', '/a\0', 1], ABSOLUTE]] as const,
    ),
  ] as [string, [unknown[], string]][]);

  test('is tried for every option', () => {
    expect([...cases.keys()].sort()).toEqual(Object.keys(EVERY_OPTION).sort());
  });

  test.each([...cases].flatMap(([name, [values, message]]) => values.map((value) => ({ name, value, message }))))(
    'is refused: $name = $value',
    ({ name, value, message }) => expect(make({ [name]: value })).toThrow(`${name} ${message}`),
  );

  test('is shown with its value and the remedy', () => {
    expect(make({ binaryName: 'sysbox-runc' })).toThrow(
      `containerd runtime 'sysbox-runc': binaryName ${ABSOLUTE}, not 'sysbox-runc'`,
    );
  });
});

test('refuses a missing binary', () =>
  expect(make({ binaryName: undefined })).toThrow('binaryName must be an absolute path'));

test('refuses an unknown option, such as one with the name that containerd has for it', () => {
  expect(make({ BinaryName: '/usr/bin/sysbox-runc' })).toThrow(
    `containerd runtime 'sysbox-runc': unknown option "BinaryName", leave it out; there are handler, runtimeType,`,
  );
  expect(make({ constructor: 1 })).toThrow('unknown option "constructor"');
});

test.each(['{{ .Program }}', 'a{{', '@SYSTEMD_CGROUP@', 'x@SYSTEMD_CGROUP@', 'a\u0001', 'a\u007f', 'a\ud800'])(
  'refuses %j, which would not arrive as it is',
  (value) => {
    expect(make({ snapshotter: value })).toThrow('snapshotter must be');
    expect(make({ podAnnotations: [value] })).toThrow('podAnnotations must be');
    expect(make({ binaryName: `/${value}` })).toThrow('binaryName must be');
  },
);

test('refuses to allow all devices where containerd would', () => {
  expect(make({ privilegedWithoutHostDevicesAllDevicesAllowed: true })).toThrow(
    'privilegedWithoutHostDevicesAllDevicesAllowed needs privilegedWithoutHostDevices: set that to true too',
  );
});
