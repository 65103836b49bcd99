import { jsiiType } from './foreign-resource';
import { Parameter, PropSchema, PropType } from './prop-schema';

/**
 * One call of an app.
 *
 * @internal
 */
export interface CallContext {
  readonly call: string;
  readonly args: unknown[];
  readonly receiver: unknown;
  readonly parameters: Parameter[];
}

/**
 * Where a value was given: the call, and the steps from its argument to the value.
 *
 * @internal
 */
export interface Place {
  readonly context: CallContext;
  readonly within?: Place;
  /** A parameter, a property, an index, or the key of a map in brackets. */
  readonly key: string | number;
}

/**
 * As a person writes it; made only for messages.
 *
 * @internal
 */
export function placeOf({ within, key }: Place): string {
  if (!within) return `${key}`;
  if (typeof key === 'number') return `${placeOf(within)}[${key}]`;
  return `${placeOf(within)}${key.startsWith('[') ? '' : '.'}${key}`;
}

/**
 * The call with the construct's path, which is made only for messages.
 *
 * @internal
 */
export function whereOf({ call, args, receiver }: CallContext): string {
  const path = pathOf(args, receiver);
  return path === undefined ? call : `${path}: ${call}`;
}

const PRIMITIVES: Record<string, { what: string; example: string }> = {
  string: { what: 'a string', example: "'text'" },
  number: { what: 'a number', example: '1' },
  boolean: { what: 'true or false', example: 'true' },
  date: { what: 'a Date', example: 'new Date()' },
  any: { what: 'a value', example: '…' },
  json: { what: 'an object', example: '{}' },
};

/** The construct that a call makes or is about: `scope` and `id`, a workload as the first argument, or the receiver. */
function pathOf(args: unknown[], receiver: unknown): string | undefined {
  const node = (args[0] as { node?: { path?: unknown } } | undefined)?.node;
  if (typeof node?.path === 'string') {
    return typeof args[1] === 'string' ? [node.path, args[1]].filter((part) => part !== '').join('/') : node.path;
  }
  const own = (receiver as { node?: { path?: unknown } } | undefined)?.node?.path;
  return typeof own === 'string' ? own : undefined;
}

/** @internal */
export function shortName(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1);
}

function withArticle(name: string): string {
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** @internal */
export function show(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `the string '${value}'`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return isLiteral(value) ? 'an object' : withArticle(className(value));
  return typeof value === 'function' ? 'a function' : `the ${typeof value} ${String(value)}`;
}

/** @internal */
export function className(value: object): string {
  const type = jsiiType(value);
  return type ? shortName(type.fqn) : value.constructor.name;
}

function isLiteral(value: object): boolean {
  return value.constructor === undefined || value.constructor === Object;
}

/**
 * The type and an example, as a person writes it.
 *
 * @internal
 */
export function describeType(schema: PropSchema, type: PropType): string {
  if (typeof type !== 'string') {
    const [kind, first] = type;
    if (kind === '|') return (type.slice(1) as PropType[]).map((member) => describeType(schema, member)).join(', or ');
    if (kind === '[]') return `a list such as [${exampleOf(schema, first)}]`;
    return `a map such as { name: ${exampleOf(schema, first)} }`;
  }
  if (PRIMITIVES[type]) return `${PRIMITIVES[type].what}, such as ${PRIMITIVES[type].example}`;
  if (schema.enums[type]) {
    return `one of ${Object.keys(schema.enums[type])
      .map((member) => `${shortName(type)}.${member}`)
      .join(', ')}`;
  }
  if (schema.structs[type]) return `${shortName(type)}, such as ${exampleOf(schema, type)}`;
  const example = schema.objects[type]?.example;
  return example === undefined ? withArticle(shortName(type)) : `${withArticle(shortName(type))}, such as ${example}`;
}

function exampleOf(schema: PropSchema, type: PropType): string {
  if (typeof type !== 'string') {
    const [kind, first] = type;
    if (kind === '[]') return `[${exampleOf(schema, first)}]`;
    return kind === '{}' ? `{ name: ${exampleOf(schema, first)} }` : exampleOf(schema, first);
  }
  if (PRIMITIVES[type]) return PRIMITIVES[type].example;
  const values = schema.enums[type];
  if (values) return `${shortName(type)}.${Object.keys(values)[0]}`;
  const properties = schema.structs[type];
  if (!properties) return schema.objects[type]?.example ?? shortName(type);
  const required = Object.entries(properties).filter(([, [, optional]]) => !optional);
  const shown = required.length > 0 ? required : Object.entries(properties).slice(0, 1);
  return `{ ${shown.map(([name, [member]]) => `${name}: ${exampleOf(schema, member)}`).join(', ')} }`;
}
