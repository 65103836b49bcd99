import { readFileSync } from 'fs';
import { dirname, join } from 'path';
import { gunzipSync } from 'zlib';
import { PropCheck } from './prop-check';
import { PropSchema } from './prop-schema';

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
  check ??= new PropCheck(JSON.parse(readFileSync(join(__dirname, '..', 'prop-schema.json'), 'utf8')) as PropSchema, {
    isKnown,
    versionOf: (name) => installed(name).version,
  });
  return check.guard(name, exported);
}

/** Whether the installed version of cdk8s-plus or cdk8s, which may be newer than the schema, has the property. */
function isKnown(struct: string, property: string): boolean {
  const name = struct.split('.')[0] as string;
  const { types } = installed(name);
  const has = (fqn: string): boolean => {
    const type = types[fqn];
    if (!type) return false;
    return (type.properties ?? []).some((known) => known.name === property) || (type.interfaces ?? []).some(has);
  };
  return has(struct);
}

interface Assembly {
  readonly version?: string;
  readonly types: Record<string, AssemblyType>;
}

interface AssemblyType {
  readonly properties?: { readonly name: string }[];
  readonly interfaces?: string[];
}

const assemblies: Record<string, Assembly> = {};

function installed(name: string): Assembly {
  return (assemblies[name] ??= read(name));
}

/** The jsii assembly of a package: a file, or the redirect to a compressed one. */
function read(name: string): Assembly {
  try {
    const directory = dirname(require.resolve(`${name}/package.json`));
    const assembly = JSON.parse(readFileSync(join(directory, '.jsii'), 'utf8'));
    if (assembly.types) return assembly;
    return JSON.parse(gunzipSync(readFileSync(join(directory, assembly.filename))).toString());
  } catch {
    return { types: {} };
  }
}
