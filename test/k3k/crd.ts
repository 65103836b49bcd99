import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Manifest } from '../support/synth';

/** A CRD of test/k3k/crds. */
export function crd(file: string): Manifest {
  return parse(readFileSync(join(__dirname, 'crds', file), 'utf8'));
}

/** What of an object its CRD does not know: fields, types, values, one line each. */
export function mistakes(object: Manifest, definition: Manifest): string[] {
  const version = definition.spec.versions.find(({ name }: Manifest) => `k3k.io/${name}` === object.apiVersion);
  return check(object, withMetadata(version.schema.openAPIV3Schema), '');
}

function withMetadata(schema: Manifest): Manifest {
  const metadata = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return { ...schema, properties: { ...schema.properties, metadata } };
}

function check(value: unknown, schema: Manifest, path: string): string[] {
  if (schema['x-kubernetes-int-or-string'])
    return /^(string|number)$/.test(typeof value) ? [] : [`${path}: no quantity`];
  if (typeOf(value) !== schema.type) return [`${path}: ${typeOf(value)} instead of ${schema.type}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${path}: '${value}' is none of ${schema.enum}`];
  if (schema.type === 'array')
    return (value as unknown[]).flatMap((item, i) => check(item, schema.items, `${path}[${i}]`));
  return schema.type === 'object' ? checkFields(value as Manifest, schema, path) : [];
}

function checkFields(value: Manifest, schema: Manifest, path: string): string[] {
  const missing = (schema.required ?? []).filter((field: string) => !(field in value));
  return [
    ...missing.map((field: string) => `${path}.${field}: missing`),
    ...Object.entries(value).flatMap(([field, inner]) => {
      const known = schema.properties?.[field] ?? schema.additionalProperties;
      if (known) return check(inner, known, `${path}.${field}`);
      return schema['x-kubernetes-preserve-unknown-fields'] ? [] : [`${path}.${field}: unknown`];
    }),
  ];
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
