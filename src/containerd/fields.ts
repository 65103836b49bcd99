import { inspect } from 'node:util';
import type { Check } from './checks';
import type { TomlTable, TomlValue } from '../core/toml';

/** One option: its key in the configuration, none when it is not written there, and what its value may be. */
export interface Field {
  readonly key?: string;
  readonly required?: boolean;
  readonly check: Check;
}

export type Fields<Name extends string = string> = Readonly<Record<Name, Field>>;

/** Throws for an option that is unknown, missing, or not what it must be. */
export function check(subject: string, fields: Fields, options: object): void {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const known = Object.keys(fields);
  const unknown = given.find(([name]) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`${subject}: unknown option "${unknown[0]}", leave it out; there are ${known.join(', ')}`);
  }
  const values = new Map<string, unknown>(given);
  for (const [name, field] of Object.entries(fields)) {
    const value = values.get(name);
    const problem = value !== undefined || field.required ? field.check(value) : undefined;
    if (problem !== undefined) {
      throw new Error(`${subject}: ${name} ${problem}, not ${inspect(value)}`);
    }
  }
}

/** The options that are given, under their keys, in the order of the fields. */
export function entries(fields: Fields, options: object): TomlTable {
  const values = new Map<string, TomlValue | undefined>(Object.entries(options));
  const table: Record<string, TomlValue> = {};
  for (const [name, { key }] of Object.entries(fields)) {
    const value = values.get(name);
    if (key !== undefined && value !== undefined) {
      table[key] = value;
    }
  }
  return table;
}
