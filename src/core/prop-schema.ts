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
