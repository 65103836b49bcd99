// The public API as the jsii assembly has it: examples that compile, and no prop without a page.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClassType, InterfaceType, loadAssemblyFromPath } from '@jsii/spec';
import { compile } from './compile';

const root = join(__dirname, '..', '..');
const types = Object.values(loadAssemblyFromPath(root).types ?? {});
const classes = types.filter((type) => type.kind === 'class') as ClassType[];
const structs = types.filter((type) => (type as InterfaceType).datatype) as InterfaceType[];

test('every public class has an example', () => {
  const without = classes.filter(({ docs }) => !docs?.example).map(({ name }) => name);
  expect(without).toEqual([]);
});

test('the example of every class compiles', () => {
  const examples = types.filter(({ docs }) => docs?.example).map(({ name, docs }) => [name, docs?.example ?? '']);
  compile(Object.fromEntries(examples));
}, 120_000);

test('every prop is in a guide, an example or a reference page', () => {
  const written = ['docs', 'examples']
    .flatMap((directory) =>
      readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name)),
    )
    .filter((name) => /\.(md|ts)$/.test(name))
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n');
  const words = new Set(written.match(/\w+/g));
  const missing = structs.flatMap(({ name, properties = [] }) =>
    properties.filter((property) => !words.has(property.name)).map((property) => `${name}.${property.name}`),
  );
  expect(missing).toEqual([]);
});

describe('names and types, as docs/explanation/design.md has them', () => {
  const constructed = new Set(
    classes.flatMap(({ initializer }) =>
      (initializer?.parameters ?? []).flatMap(({ type }) => ('fqn' in type ? [type.fqn] : [])),
    ),
  );
  const basesOf = (fqn: string): string[] => {
    const bases = structs.find((struct) => struct.fqn === fqn)?.interfaces ?? [];
    return [...bases, ...bases.flatMap(basesOf)];
  };
  const properties = structs.flatMap(({ name, properties = [] }) => properties.map((property) => ({ name, property })));

  test('a struct that a constructor takes ends in Props, with those that it extends', () => {
    const props = new Set([...constructed, ...[...constructed].flatMap(basesOf)]);
    const wrong = structs.filter(({ fqn, name }) => constructed.has(fqn) && !name.endsWith('Props'));

    expect(wrong.map(({ name }) => name)).toEqual([]);
    // of K3sNode.on(), which stands for a constructor
    expect(
      structs.filter(({ fqn, name }) => name.endsWith('Props') && !props.has(fqn)).map(({ name }) => name),
    ).toEqual(['K3sNodeProps']);
  });

  test('every other struct ends in Options, unless it is an item of a list, a map of quantities, or returned', () => {
    const others = structs.filter(({ name }) => !/(Props|Options)$/.test(name)).map(({ name }) => name);

    expect(others.sort()).toEqual([
      'Acknowledgement',
      'DockerAddressPool',
      'DockerConnection',
      'DownwardApiFile',
      'PersistentDirectory',
      'PodOverhead',
      'RuleDescription',
      'RuleFinding',
      'StartupTaint',
      'VolumeClaimTemplate',
    ]);
  });

  test('times and sizes are not numbers or strings', () => {
    const units = /seconds|timeout|interval|duration|period|ttl|bytes|memory|cpu|sizeLimit|quota/i;
    const primitive = properties.filter(({ property }) => 'primitive' in property.type && units.test(property.name));

    expect(primitive.map(({ name, property }) => `${name}.${property.name}`)).toEqual([]);
  });

  test('environment variables and pull secrets have one name and one type', () => {
    const named = (pattern: RegExp) => properties.filter(({ property }) => pattern.test(property.name));

    expect(new Set(named(/^env|variables$/i).map(({ property }) => property.name))).toEqual(new Set(['envVariables']));
    for (const { property } of named(/pullSecret/i)) {
      expect(property).toMatchObject({
        name: 'imagePullSecrets',
        type: { collection: { elementtype: { fqn: 'constructs.IConstruct' } } },
      });
    }
  });
});
