import { parse } from '@iarna/toml';
import * as fc from 'fast-check';
import { ConfigVersion, ContainerdRuntime } from '../../src/containerd';
import { render, type TomlTable } from '../../src/core/toml';
import { runtimeIn } from './every-option';

const asToml = (value: unknown) => () => render({ value } as TomlTable, { before: '' });

describe('a value that TOML cannot hold, or that @iarna/toml writes wrongly, is refused', () => {
  test.each([null, [1, null], ['a', undefined], new Date(NaN), 'two\u0001\u0002controls', '\u0001"'])('%p', (value) =>
    expect(asToml(value)).toThrow('TOML cannot hold'),
  );
});

test.each([0, Infinity, 10000, true, 'text', ['a', 'b'], { a: { b: 'c' } }])('%p is held', (value) => {
  expect(parse(asToml(value)())).toEqual({ value });
});

test('text around the tables that changes them is refused', () => {
  expect(() => render({ a: 1 }, { before: 'b = 2\n' })).toThrow('TOML cannot hold { a: 1 }: it reads back differently');
});

const text = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((s) => !/\p{Cc}|\p{Cs}|\{\{|@SYSTEMD_CGROUP@/u.test(s));
const segment = text.filter((s) => !s.includes('/') && s !== '.' && s !== '..');
const path = fc.array(segment, { minLength: 1 }).map((segments) => `/${segments.join('/')}`);
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

test('whatever is accepted is in the file as it was given', () => {
  const options = fc.record({
    binaryName: path,
    systemdCgroup: fc.boolean(),
    podAnnotations: optional(fc.array(text)),
    snapshotter: optional(text),
    cniConfDir: optional(path),
    cniMaxConfNum: optional(uint32),
    ioUid: optional(uint32),
  });

  fc.assert(
    fc.property(options, (props) => {
      const rendered = new ContainerdRuntime({ handler: 'h', ...props }).dropIn(ConfigVersion.V3);
      const { options: runc, ...table } = runtimeIn(rendered, 'h');

      expect(table).toEqual({
        runtime_type: 'io.containerd.runc.v2',
        pod_annotations: props.podAnnotations,
        snapshotter: props.snapshotter,
        cni_conf_dir: props.cniConfDir,
        cni_max_conf_num: props.cniMaxConfNum,
      });
      expect(runc).toEqual({ BinaryName: props.binaryName, SystemdCgroup: props.systemdCgroup, IoUid: props.ioUid });
    }),
  );
});
