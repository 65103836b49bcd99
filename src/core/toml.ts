import { inspect } from 'node:util';
import { type JsonMap, parse, stringify } from '@iarna/toml';

export type TomlValue = string | number | boolean | readonly string[] | TomlTable | readonly TomlTable[];
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
  const body = stringify(document as JsonMap);
  const text = before + body.replace(`"${UNDECIDED}"`, undecided) + after;

  if (readBack(withoutTemplates(before) + body + withoutTemplates(after)) !== canonical(document)) {
    throw new Error(`TOML cannot hold ${inspect(document, { depth: null })}: it reads back differently from\n${text}`);
  }
  return text;
}

/** K3s fills its templates in before it reads the file as TOML. */
function withoutTemplates(text: string): string {
  return text.replace(/\{\{.*?\}\}/g, '');
}

function readBack(text: string): string | undefined {
  try {
    return canonical(parse(text) as TomlTable);
  } catch {
    return undefined;
  }
}

/** Tables come after plain keys in TOML. As JSON, since values that come through jsii may have another realm's prototypes. */
function canonical(document: TomlTable): string {
  const sorted = (_: string, value: TomlValue) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value;
  return JSON.stringify(document, sorted);
}
