import { Json, Path } from '../core/json';
import { yaml } from '../core/yaml';

/** What is used of a document of the `yaml` package. */
interface YamlDocument {
  readonly errors: { readonly message: string }[];
  readonly contents: Json;
  /** Where the document begins, and where its content and the document itself end. */
  readonly range: [number, number, number];
  getIn(path: Path, keepScalar: boolean): Json;
  toJS(): Json;
}

interface LineCounter {
  linePos(offset: number): { line: number; col: number };
}

/** @internal */
export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

// as kubectl reads it: `hostUsers: no` is a boolean, and keys can be merged
const OPTIONS = { version: '1.1', logLevel: 'error' };

/**
 * One document of a YAML or JSON file. Its nodes are not kept: those of ten thousand manifests would fill the heap. They are parsed
 * again where a position is asked for.
 *
 * @internal
 */
export class SourceDocument {
  /** All documents of a file. Refused: invalid YAML. */
  public static allOf(text: string): SourceDocument[] {
    const lines = new (yaml().LineCounter)();
    const parsed = yaml().parseAllDocuments(text, { ...OPTIONS, lineCounter: lines });
    return (Array.isArray(parsed) ? parsed : []).map((document) => new SourceDocument(document, text, lines));
  }

  public readonly json: Json;
  private readonly start: number;
  private readonly end: number;
  private nodes?: YamlDocument;

  private constructor(
    document: YamlDocument,
    private readonly text: string,
    private readonly lines: LineCounter,
  ) {
    const [error] = document.errors;
    if (error) throw new Error(`invalid YAML: ${error.message.split('\n')[0]}`);
    this.json = document.toJS();
    [this.start, , this.end] = document.range;
  }

  /** Where something is, or, if it is missing, what should contain it. */
  public positionOf(path: Path): Position {
    this.nodes ??= yaml().parseDocument(this.text.slice(this.start, this.end), OPTIONS) as YamlDocument;
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.nodes.contents : nodeAt(this.nodes, path.slice(0, length));
      const offset = node?.range?.[0];
      if (typeof offset !== 'number') continue;
      const { line, col } = this.lines.linePos(this.start + offset);
      return { line, column: col };
    }
    return { line: 1, column: 1 };
  }
}

/** The node, by its key where it has one: `privileged: true` is found at `privileged`. */
function nodeAt(document: YamlDocument, path: Path): Json {
  const last = path[path.length - 1];
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const pair = parent?.items?.find?.((item: Json) => item?.key !== undefined && (item.key?.value ?? item.key) === last);
  return pair ? pair.key : document.getIn(path, true);
}
