import { readFileSync } from 'fs';
import { dirname, join } from 'path';
import { gunzipSync } from 'zlib';
import { PropCheck, PropSchema } from './prop-check';

let check: PropCheck | undefined;

/**
 * An exported class or function that checks its arguments. Called by the entry point, so that the package's own calls pay
 * nothing.
 *
 * @param name the name under which it is exported
 * @param exported what is exported
 * @internal
 */
export function guard(name: string, exported: unknown): unknown {
  // written by scripts/prop-schema.js after the compiler
  check ??= new PropCheck(
    JSON.parse(readFileSync(join(__dirname, '..', 'prop-schema.json'), 'utf8')) as PropSchema,
    isKnown,
  );
  return check.guard(name, exported);
}

/** Whether the installed version of cdk8s-plus or cdk8s, which may be newer than the schema, has the property. */
function isKnown(struct: string, property: string): boolean {
  const name = struct.split('.')[0] as string;
  const types = (assemblies[name] ??= read(name));
  const has = (fqn: string): boolean => {
    const type = types[fqn];
    if (!type) return false;
    return (type.properties ?? []).some((known) => known.name === property) || (type.interfaces ?? []).some(has);
  };
  return has(struct);
}

interface AssemblyType {
  readonly properties?: { readonly name: string }[];
  readonly interfaces?: string[];
}

const assemblies: Record<string, Record<string, AssemblyType>> = {};

/** The jsii assembly of a package: a file, or the redirect to a compressed one. */
function read(name: string): Record<string, AssemblyType> {
  try {
    const directory = dirname(require.resolve(`${name}/package.json`));
    const assembly = JSON.parse(readFileSync(join(directory, '.jsii'), 'utf8'));
    if (assembly.types) return assembly.types;
    return JSON.parse(gunzipSync(readFileSync(join(directory, assembly.filename))).toString()).types;
  } catch {
    return {};
  }
}
