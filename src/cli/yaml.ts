import { Json, Path } from '../core/json';
import { yaml } from '../core/yaml';

/** What is used of a document of the `yaml` package. */
interface YamlDocument {
  readonly errors: { readonly message: string; readonly linePos?: { readonly line: number; readonly col: number }[] }[];
  readonly contents: Json;
  getIn(path: Path, keepScalar: boolean): Json;
  toJS(): Json;
}

/** @internal */
export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/**
 * One document of a YAML or JSON file.
 *
 * @internal
 */
export class SourceDocument {
  /** All documents of a file. Refused: invalid YAML. */
  public static allOf(text: string): SourceDocument[] {
    // as kubectl reads it: `hostUsers: no` is a boolean, and keys can be merged
    const lines = new yaml.LineCounter();
    const parsed = yaml.parseAllDocuments(text, { lineCounter: lines, version: '1.1', logLevel: 'error' });
    return (Array.isArray(parsed) ? parsed : []).map((document) => new SourceDocument(document, lines));
  }

  public readonly json: Json;

  private constructor(
    private readonly document: YamlDocument,
    private readonly lines: { linePos(offset: number): { line: number; col: number } },
  ) {
    const [error] = document.errors;
    if (error) throw new Error(`invalid YAML: ${error.message.split('\n')[0]}`);
    this.json = document.toJS();
  }

  /** Where something is, or, if it is missing, what should contain it. */
  public positionOf(path: Path): Position {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.document.contents : this.nodeAt(path.slice(0, length));
      const offset = node?.range?.[0];
      if (typeof offset !== 'number') continue;
      const { line, col } = this.lines.linePos(offset);
      return { line, column: col };
    }
    return { line: 1, column: 1 };
  }

  /** The node, by its key where it has one: `privileged: true` is found at `privileged`. */
  private nodeAt(path: Path): Json {
    const last = path[path.length - 1];
    const parent = path.length === 1 ? this.document.contents : this.document.getIn(path.slice(0, -1), true);
    const pair = parent?.items?.find?.(
      (item: Json) => item?.key !== undefined && (item.key?.value ?? item.key) === last,
    );
    return pair ? pair.key : this.document.getIn(path, true);
  }
}
