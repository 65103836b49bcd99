import { parse } from '@iarna/toml';
import * as fc from 'fast-check';
import { render, type TomlTable } from '../../src/core/toml';

const asToml = (value: unknown) => () => render({ value } as TomlTable, { before: '' });

describe('a value that TOML cannot hold, or that @iarna/toml writes wrongly, is refused', () => {
  test.each([null, [1, null], ['a', undefined], new Date(NaN), 'two\u0001\u0002controls', '\u0001"'])('%p', (value) =>
    expect(asToml(value)).toThrow('TOML cannot hold'),
  );
});

test.each([0, Infinity, 10000, true, 'text', ['a', 'b'], { a: { b: 'c' } }])('%p is held', (value) => {
  expect(parse(asToml(value)())).toEqual({ value });
});

const tablesFirst: TomlTable[] = [
  { table: { a: 1 }, key: 2 },
  { tables: [{ b: { c: 1 }, a: 1 }], key: '{{ not a template }}' },
];

test.each(tablesFirst.map((document) => [document]))('%j is held, although keys are written first', (document) => {
  expect(parse(render(document, { before: '' }))).toEqual(document);
});

test('text around the tables that changes them is refused', () => {
  expect(() => render({ a: 1 }, { before: 'b = 2\n' })).toThrow('TOML cannot hold { a: 1 }: it reads back differently');
});

test('whatever is accepted is in the file as it was given', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => !/\p{Cc}|\p{Cs}|@SYSTEMD_CGROUP@/u.test(s));
  const values = fc.dictionary(text, fc.oneof(text, fc.boolean(), fc.nat(), fc.array(text)));
  fc.assert(
    fc.property(values, (table) => {
      expect(parse(render({ table }, { before: '' }))).toEqual({ table });
    }),
  );
});
