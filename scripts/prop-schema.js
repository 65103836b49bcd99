// After the compiler: what constructors and methods take, read from the jsii assemblies of this package and its peers, for
// src/core/prop-check.ts. Only what can be reached from our own signatures is kept.
const { loadAssemblyFromPath } = require('@jsii/spec');
const { writeFileSync } = require('fs');
const { dirname, join } = require('path');

const root = join(__dirname, '..');
const own = loadAssemblyFromPath(root);
const assemblies = [
  own,
  ...['cdk8s', 'cdk8s-plus-30', 'constructs'].map((name) =>
    loadAssemblyFromPath(dirname(require.resolve(`${name}/package.json`))),
  ),
];
const typeOf = (fqn) => assemblies.map((assembly) => assembly.types[fqn]).find(Boolean);
const moduleOf = (fqn) => {
  const [name, ...path] = fqn.split('.');
  const module = name === own.name ? require(join(root, 'lib/src')) : require(name);
  return path.reduce((found, key) => found?.[key], module);
};

const schema = { name: own.name, structs: {}, enums: {}, objects: {}, classes: {}, functions: {} };

function convert(type) {
  if (type.primitive) return type.primitive;
  if (type.collection) return [type.collection.kind === 'array' ? '[]' : '{}', convert(type.collection.elementtype)];
  if (type.union) return ['|', ...type.union.types.map(convert)];
  reach(type.fqn);
  return type.fqn;
}

function reach(fqn) {
  const type = typeOf(fqn);
  if (!type) throw new Error(`${fqn} is in no assembly`);
  if (type.kind === 'enum') schema.enums[fqn] ??= { ...moduleOf(fqn) };
  else if (type.datatype) reachStruct(fqn);
  else schema.objects[fqn] ??= { ...exampleOf(type), members: membersOf(type) };
}

function reachStruct(fqn) {
  if (schema.structs[fqn]) return;
  const properties = (schema.structs[fqn] = {});
  for (const property of inherited(typeOf(fqn), 'properties')) {
    properties[property.name] = [convert(property.type), property.optional ? 1 : 0];
  }
}

function inherited(type, key) {
  return [...(type[key] ?? []), ...(type.interfaces ?? []).flatMap((base) => inherited(typeOf(base), key))];
}

/** What tells one: the members of an interface; of a construct the node alone, since it may come from another version. */
function membersOf(type) {
  if (type.kind === 'class') return isConstruct(type) ? ['node'] : [];
  const members = [...inherited(type, 'properties').filter(({ optional }) => !optional), ...inherited(type, 'methods')];
  return members.map(({ name }) => name);
}

function isConstruct(type) {
  return type.fqn === 'constructs.Construct' || (type.base !== undefined && isConstruct(typeOf(type.base)));
}

/** How people get one: a factory of its own, a class that implements it, a factory elsewhere that makes one. */
function exampleOf(type) {
  if (type.fqn === 'constructs.Construct') return { example: 'a chart' };
  if (type.fqn === 'constructs.IConstruct') return {};
  const types = assemblies.flatMap((assembly) => Object.values(assembly.types));
  const made = factoryIn([type], type) ?? implementationOf(type, types) ?? factoryIn(types, type);
  return made === undefined ? {} : { example: made };
}

/** Of several factories these are the ones that people know; else the first. */
const FAMILIAR = /\.(of|fromValue|fromEmptyDir|emptyDir|gibibytes|minutes)\(/;

function factoryIn(types, made) {
  const factories = types.flatMap((type) =>
    (type.methods ?? [])
      .filter(
        ({ static: isStatic, name, returns }) => isStatic && returns?.type.fqn === made.fqn && !/^is[A-Z]/.test(name),
      )
      .map(({ name, parameters = [] }) => {
        const takes = parameters.filter(({ optional }) => !optional);
        return `${type.name}.${name}(${takes.map((parameter) => parameter.name).join(', ')})`;
      }),
  );
  return factories.find((factory) => FAMILIAR.test(factory)) ?? factories[0];
}

/** A factory that makes one of the classes, and those that an app makes itself; the shortest names are the best known. */
function implementationOf(made, types) {
  if (made.kind !== 'interface') return undefined;
  const classes = types.filter(({ kind, interfaces }) => kind === 'class' && interfaces?.includes(made.fqn));
  const factories = classes.flatMap((type) => (type.initializer ? [] : (factoryIn(types, type) ?? [])));
  const names = classes.filter(({ initializer, abstract }) => initializer && !abstract).map(({ name }) => name);
  const shortest = names.sort((a, b) => a.length - b.length || a.localeCompare(b));
  return [...factories, ...shortest].slice(0, 3).join(', ') || undefined;
}

const parametersOf = ({ parameters = [] }) =>
  parameters.map(({ name, type, optional, variadic }) => ({
    name,
    type: convert(type),
    ...(optional && { optional }),
    ...(variadic && { optional: true, variadic }),
  }));

for (const type of Object.values(own.types).filter(({ kind }) => kind === 'class')) {
  const methods = (type.methods ?? []).filter(({ parameters }) => parameters?.length);
  const signatures = (isStatic) =>
    Object.fromEntries(
      methods
        .filter((method) => Boolean(method.static) === isStatic)
        .map((method) => [method.name, parametersOf(method)]),
    );
  schema.classes[type.name] = {
    ...(type.initializer && { create: parametersOf(type.initializer) }),
    statics: signatures(true),
    methods: signatures(false),
  };
}

// A free function is short for the static method of its name: jsii does not know functions.
const functions = Object.entries(require(join(root, 'lib/src'))).filter(
  ([name, value]) => typeof value === 'function' && !schema.classes[name],
);
for (const [name] of functions) {
  const method = Object.values(own.types)
    .flatMap((type) => type.methods ?? [])
    .find((m) => m.static && m.name === name);
  if (method) schema.functions[name] = parametersOf(method);
}

writeFileSync(join(root, 'lib/src/prop-schema.json'), JSON.stringify(schema));
