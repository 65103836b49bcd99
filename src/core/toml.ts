import { inspect } from 'node:util';
import { type JsonMap, parse, stringify } from '@iarna/toml';

export type TomlValue = string | number | boolean | readonly string[] | TomlTable;
export interface TomlTable {
  readonly [key: string]: TomlValue;
}

/** The value of an option that only the node can decide; `undecided` of a layout is written in its place. */
export const UNDECIDED = '@SYSTEMD_CGROUP@';

/** What surrounds the tables of a document. */
export interface Layout {
  readonly before: string;
  readonly after?: string;
  readonly undecided?: string;
}

/** The document as text, read back and compared before it is returned. */
export function render(document: TomlTable, layout: Layout): string {
  const { before, after = '', undecided = UNDECIDED } = layout;
  const body = stringify(document as JsonMap).replace(`"${UNDECIDED}"`, undecided);
  const text = before + body + after;

  const filledIn = text.replace(undecided, `"${UNDECIDED}"`).replace(/\{\{.*?\}\}/g, '');
  if (readBack(filledIn) !== JSON.stringify(document)) {
    throw new Error(`TOML cannot hold ${inspect(document, { depth: null })}: it reads back differently from\n${text}`);
  }
  return text;
}

// As JSON, since values that come through jsii may have another realm's prototypes.
function readBack(text: string): string | undefined {
  try {
    return JSON.stringify(parse(text));
  } catch {
    return undefined;
  }
}
