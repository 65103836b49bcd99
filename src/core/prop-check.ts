import { describe } from './foreign-resource';
import { didYouMean } from './nearest';
import { CallContext, className, describeType, Place, placeOf, shortName, show, whereOf } from './prop-message';
import { ClassSignature, Parameter, PropSchema, PropType } from './prop-schema';

/**
 * What the packages say that are installed next to this one, which may be newer than the schema.
 *
 * @internal
 */
export interface InstalledPackages {
  /** Whether a struct has a property that the schema does not know. */
  isKnown(struct: string, property: string): boolean;
  /** Undefined when the package cannot be read. */
  versionOf(name: string): string | undefined;
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
    private readonly installed: InstalledPackages,
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
      throw new Error(
        `${whereOf(context)}(${shape}): '${name}' is missing. Expected ${describeType(this.schema, type)}`,
      );
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
      else if (!this.installed.isKnown(type, name)) {
        const remedy = this.otherLevel(type, name) ?? didYouMean(name, Object.keys(properties));
        throw new Error(
          `${whereOf(at.context)}: '${placeOf(at)}.${name}' is not a property of ${shortName(type)}${remedy}`,
        );
      }
    }
    for (const [name, propertyType] of this.requiredOf(type)) {
      if ((value as Record<string, unknown>)[name] !== undefined) continue;
      throw new Error(
        `${whereOf(at.context)}: '${placeOf(at)}.${name}' is missing. Expected ${describeType(this.schema, propertyType)}`,
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
      const [name] = type.split('.') as [string];
      throw new Error(
        `${what} is ${describe(value)} of another copy of the package. Expected one of the copy that cdk8s-sysbox uses, ` +
          `${name} ${this.installed.versionOf(name)}. Install one copy: npm ls ${name} shows them`,
      );
    }
    throw new Error(`${what} is ${show(value)}. Expected ${describeType(this.schema, type)}`);
  }
}

/** A value that cdk8s resolves at synth (Lazy.any) has any type. */
function isLazy(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'produce' in value;
}

/** An object of the expected class, but not of the one that this package has. */
function isOtherCopy(type: string, value: unknown): boolean {
  return typeof value === 'object' && value !== null && className(value) === shortName(type);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
