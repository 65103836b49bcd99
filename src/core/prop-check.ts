import { describe, jsiiType } from './foreign-resource';
import { didYouMean } from './nearest';

/**
 * A type as jsii knows it: a primitive, the name of a struct, enum or class, or a collection of one.
 *
 * @internal
 */
export type PropType = string | readonly ['[]' | '{}', PropType] | readonly ['|', ...PropType[]];

/**
 * A parameter of a constructor or method: name, type, and whether it may be left out or repeated.
 *
 * @internal
 */
export interface Parameter {
  readonly name: string;
  readonly type: PropType;
  readonly optional?: boolean;
  readonly variadic?: boolean;
}

/**
 * The signatures of one class.
 *
 * @internal
 */
export interface ClassSignature {
  readonly create?: Parameter[];
  readonly statics: Record<string, Parameter[]>;
  readonly methods: Record<string, Parameter[]>;
}

/**
 * What scripts/prop-schema.js reads from the jsii assemblies of this package and its peers.
 *
 * @internal
 */
export interface PropSchema {
  /** Name of the package. */
  readonly name: string;
  /** Struct -> property -> [type, 1 when it may be left out]. Inherited properties included. */
  readonly structs: Record<string, Record<string, readonly [PropType, 0 | 1]>>;
  readonly enums: Record<string, Record<string, string | number>>;
  /** Class or interface -> an expression that makes one, and the members that it must have. */
  readonly objects: Record<string, { readonly example?: string; readonly members: string[] }>;
  readonly classes: Record<string, ClassSignature>;
  /** Exported function -> its parameters. */
  readonly functions: Record<string, Parameter[]>;
}

/**
 * Checks what an app passes to this package: TypeScript sees a typo or a wrong type, plain JavaScript does not.
 *
 * @internal
 */
export class PropCheck {
  /** Our classes that the app has asked for: it has instances of no others, but for those that it got from these. */
  private readonly exported: Record<string, unknown> = {};
  /** Whether a checked call runs. */
  private within = false;
  private readonly required = new Map<string, [string, PropType][]>();

  constructor(
    private readonly schema: PropSchema,
    /** Whether the installed version of another package knows a property that the schema does not. */
    private readonly isKnownElsewhere: (struct: string, property: string) => boolean,
  ) {}

  /** The exported value with its constructor and methods checked. */
  public guard(name: string, exported: unknown): unknown {
    if (typeof exported !== 'function') return exported;
    const signature = this.schema.classes[name];
    this.exported[`${this.schema.name}.${name}`] = exported;
    if (!signature) return this.guardFunction(name, exported as (...args: unknown[]) => unknown);
    this.guardMethods(name, signature, exported as { prototype: Record<string, unknown> });
    const statics = this.guardedStatics(name, signature, exported as unknown as Record<string, unknown>);
    const proxy: object = new Proxy(exported, {
      construct: (target, args, newTarget) => {
        // V8 gives each object that is made with a proxy as new.target a hidden class of its own, which stays slow
        const type = newTarget === proxy ? target : newTarget;
        if (!signature.create) this.refuseNew(name, signature, args);
        return this.outermost(`new ${name}`, signature.create ?? [], args, undefined, () =>
          Reflect.construct(target, args, type),
        ) as object;
      },
      get: (target, key) => statics[key as string] ?? Reflect.get(target, key),
    });
    return proxy;
  }

  /** TypeScript refuses a private constructor, plain JavaScript calls it. */
  private refuseNew(name: string, { statics }: ClassSignature, args: unknown[]): void {
    if (this.within) return;
    const factories = Object.entries(statics).map(([method, parameters]) => {
      const required = parameters.filter(({ optional }) => !optional);
      return `${name}.${method}(${required.map((parameter) => parameter.name).join(', ')})`;
    });
    const made =
      factories.length > 0 ? factories.join(' or ') : this.schema.objects[`${this.schema.name}.${name}`]?.example;
    const where = whereOf({ call: `new ${name}`, args, receiver: undefined, parameters: [] });
    throw new Error(`${where}: the class has no public constructor${made === undefined ? '' : `. Write ${made}`}`);
  }

  /** Checks what an app passes, and not again what the package itself passes on meanwhile. */
  private outermost(name: string, parameters: Parameter[], args: unknown[], receiver: unknown, call: () => unknown) {
    if (this.within) return call();
    this.checkArguments(name, parameters, args, receiver);
    this.within = true;
    try {
      return call();
    } finally {
      this.within = false;
    }
  }

  private guardFunction(name: string, target: (...args: unknown[]) => unknown): unknown {
    const parameters = this.schema.functions[name];
    return parameters ? this.guarded(name, parameters, target) : target;
  }

  private guardedStatics(name: string, signature: ClassSignature, target: Record<string, unknown>) {
    return Object.fromEntries(
      Object.entries(signature.statics).map(([method, parameters]) => {
        const call = (target[method] as (...args: unknown[]) => unknown).bind(target);
        return [method, this.guarded(`${name}.${method}`, parameters, call)];
      }),
    );
  }

  private guardMethods(name: string, signature: ClassSignature, { prototype }: { prototype: Record<string, unknown> }) {
    for (const [method, parameters] of Object.entries(signature.methods)) {
      if (!Object.hasOwn(prototype, method)) continue;
      prototype[method] = this.guarded(`${name}.${method}`, parameters, prototype[method] as () => unknown);
    }
  }

  private guarded(name: string, parameters: Parameter[], call: (...args: unknown[]) => unknown) {
    const outermost = (args: unknown[], receiver: unknown, run: () => unknown) =>
      this.outermost(name, parameters, args, receiver, run);
    return function (this: unknown, ...args: unknown[]): unknown {
      return outermost(args, this, () => call.apply(this, args));
    };
  }

  private checkArguments(call: string, parameters: Parameter[], args: unknown[], receiver?: unknown): void {
    const context = { call, args, receiver, parameters };
    parameters.forEach((parameter, index) => {
      if (!parameter.variadic) return this.checkArgument(context, parameter, args[index]);
      for (const value of args.slice(index)) this.checkArgument(context, parameter, value);
    });
  }

  private checkArgument(context: CallContext, { name, type, optional }: Parameter, value: unknown): void {
    if (value === undefined) {
      if (optional) return;
      const shape = context.parameters.map((parameter) => parameter.name).join(', ');
      throw new Error(`${whereOf(context)}(${shape}): '${name}' is missing. Expected ${this.describe(type)}`);
    }
    this.check(type, value, { context, key: name });
  }

  private check(type: PropType, value: unknown, at: Place): void {
    if (isLazy(value)) return;
    if (typeof type !== 'string') return this.checkCollection(type, value, at);
    switch (type) {
      case 'any':
      case 'json':
        return;
      case 'string':
      case 'boolean':
        if (typeof value !== type) this.refuse(type, value, at);
        return;
      case 'number':
        if (typeof value !== 'number' || Number.isNaN(value)) this.refuse(type, value, at);
        return;
      case 'date':
        if (!(value instanceof Date)) this.refuse(type, value, at);
        return;
    }
    if (this.schema.structs[type]) return this.checkStruct(type, value, at);
    const values = this.schema.enums[type];
    if (values) {
      if (!Object.values(values).includes(value as string)) this.refuse(type, value, at);
      return;
    }
    this.checkObject(type, value, at);
  }

  private checkCollection(type: Exclude<PropType, string>, value: unknown, at: Place): void {
    const [kind, first] = type;
    if (kind === '|') return this.checkUnion(type, value, at);
    if (kind === '[]') {
      if (!Array.isArray(value)) return this.refuse(type, value, at);
      value.forEach((item, index) => this.check(first, item, { context: at.context, within: at, key: index }));
      return;
    }
    if (!isPlainObject(value)) return this.refuse(type, value, at);
    for (const key of Object.keys(value)) {
      if (value[key] !== undefined)
        this.check(first, value[key], { context: at.context, within: at, key: `['${key}']` });
    }
  }

  private checkUnion(type: Exclude<PropType, string>, value: unknown, at: Place): void {
    const fits = (type.slice(1) as PropType[]).some((member) => {
      try {
        this.check(member, value, at);
        return true;
      } catch {
        return false;
      }
    });
    if (!fits) this.refuse(type, value, at);
  }

  private checkStruct(type: string, value: unknown, at: Place): void {
    if (!isPlainObject(value)) return this.refuse(type, value, at);
    const properties = this.schema.structs[type]!;
    for (const name of Object.keys(value)) {
      const given = value[name];
      if (given === undefined) continue;
      const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (known) this.check(known[0], given, { context: at.context, within: at, key: name });
      else if (!this.isKnownElsewhere(type, name)) {
        const remedy = this.otherLevel(type, name) ?? didYouMean(name, Object.keys(properties));
        throw new Error(
          `${whereOf(at.context)}: '${placeOf(at)}.${name}' is not a property of ${shortName(type)}${remedy}`,
        );
      }
    }
    for (const [name, propertyType] of this.requiredOf(type)) {
      if ((value as Record<string, unknown>)[name] !== undefined) continue;
      throw new Error(
        `${whereOf(at.context)}: '${placeOf(at)}.${name}' is missing. Expected ${this.describe(propertyType)}`,
      );
    }
  }

  private requiredOf(struct: string): [string, PropType][] {
    let required = this.required.get(struct);
    if (!required) {
      const properties = Object.entries(this.schema.structs[struct]!);
      required = properties.flatMap(([name, [type, optional]]): [string, PropType][] =>
        optional ? [] : [[name, type]],
      );
      this.required.set(struct, required);
    }
    return required;
  }

  /** A property that one of the nested structs has: it was written one level too high. */
  private otherLevel(struct: string, name: string): string | undefined {
    for (const [outer, [type]] of Object.entries(this.schema.structs[struct]!)) {
      const isList = typeof type !== 'string' && type[0] === '[]';
      const nested = isList ? type[1] : type;
      if (typeof nested !== 'string' || !Object.hasOwn(this.schema.structs[nested] ?? {}, name)) continue;
      return `. It belongs in '${outer}': { ${outer}: ${isList ? `[{ ${name}: … }]` : `{ ${name}: … }`} }`;
    }
    return undefined;
  }

  private checkObject(type: string, value: unknown, at: Place): void {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
      return this.refuse(type, value, at);
    const own = this.exported[type];
    const members = this.schema.objects[type]?.members ?? [];
    const fits = typeof own === 'function' ? value instanceof own : members.every((member) => member in value);
    if (!fits) this.refuse(type, value, at);
  }

  private refuse(type: PropType, value: unknown, at: Place): never {
    const what = `${whereOf(at.context)}: '${placeOf(at)}'`;
    if (typeof type === 'string' && isOtherCopy(type, value)) {
      throw new Error(
        `${what} is ${describe(value)} of another copy of the package. Install one copy: npm ls ${type.split('.')[0]} shows them`,
      );
    }
    throw new Error(`${what} is ${show(value)}. Expected ${this.describe(type)}`);
  }

  /** The type and an example, as a person writes it. */
  private describe(type: PropType): string {
    if (typeof type !== 'string') {
      const [kind, first] = type;
      if (kind === '|') return (type.slice(1) as PropType[]).map((member) => this.describe(member)).join(', or ');
      if (kind === '[]') return `a list such as [${this.example(first)}]`;
      return `a map such as { name: ${this.example(first)} }`;
    }
    if (PRIMITIVES[type]) return `${PRIMITIVES[type].what}, such as ${PRIMITIVES[type].example}`;
    if (this.schema.enums[type]) {
      return `one of ${Object.keys(this.schema.enums[type])
        .map((member) => `${shortName(type)}.${member}`)
        .join(', ')}`;
    }
    if (this.schema.structs[type]) return `${shortName(type)}, such as ${this.example(type)}`;
    const example = this.schema.objects[type]?.example;
    return example === undefined ? withArticle(shortName(type)) : `${withArticle(shortName(type))}, such as ${example}`;
  }

  private example(type: PropType): string {
    if (typeof type !== 'string') {
      const [kind, first] = type;
      if (kind === '[]') return `[${this.example(first)}]`;
      return kind === '{}' ? `{ name: ${this.example(first)} }` : this.example(first);
    }
    if (PRIMITIVES[type]) return PRIMITIVES[type].example;
    const values = this.schema.enums[type];
    if (values) return `${shortName(type)}.${Object.keys(values)[0]}`;
    const properties = this.schema.structs[type];
    if (!properties) return this.schema.objects[type]?.example ?? shortName(type);
    const required = Object.entries(properties).filter(([, [, optional]]) => !optional);
    const shown = required.length > 0 ? required : Object.entries(properties).slice(0, 1);
    return `{ ${shown.map(([name, [member]]) => `${name}: ${this.example(member)}`).join(', ')} }`;
  }
}

interface CallContext {
  readonly call: string;
  readonly args: unknown[];
  readonly receiver: unknown;
  readonly parameters: Parameter[];
}

/** Where a value was given: the call, and the steps from its argument to the value. */
interface Place {
  readonly context: CallContext;
  readonly within?: Place;
  /** A parameter, a property, an index, or the key of a map in brackets. */
  readonly key: string | number;
}

/** As a person writes it; made only for messages. */
function placeOf({ within, key }: Place): string {
  if (!within) return `${key}`;
  if (typeof key === 'number') return `${placeOf(within)}[${key}]`;
  return `${placeOf(within)}${key.startsWith('[') ? '' : '.'}${key}`;
}

/** The call with the construct's path, which is made only for messages. */
function whereOf({ call, args, receiver }: CallContext): string {
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

/** A value that cdk8s resolves at synth (Lazy.any) has any type. */
function isLazy(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'produce' in value;
}

/** An object of the expected class, but not of the one that this package has. */
function isOtherCopy(type: string, value: unknown): boolean {
  return typeof value === 'object' && value?.constructor?.name === shortName(type);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shortName(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1);
}

function withArticle(name: string): string {
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

function show(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `the string '${value}'`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return isLiteral(value) ? 'an object' : withArticle(className(value));
  return typeof value === 'function' ? 'a function' : `the ${typeof value} ${String(value)}`;
}

function className(value: object): string {
  const type = jsiiType(value);
  return type ? shortName(type.fqn) : value.constructor.name;
}

function isLiteral(value: object): boolean {
  return value.constructor === undefined || value.constructor === Object;
}
