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

test('every prop stands in a guide, an example or a reference page', () => {
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
