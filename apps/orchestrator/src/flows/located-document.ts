import type { Problem } from '@runledger/kernel';
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Pair } from 'yaml';

export type DocumentFormat = 'yaml' | 'json';
export type Path = readonly PropertyKey[];
type Place = { readonly line: number; readonly column: number };

/** Most aliases that are resolved: enough for people, too few for an expansion bomb. */
const MAX_ALIASES = 100;

interface ParsedText {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly format: DocumentFormat;
  readonly source: string;
}

/** A parsed document that knows where each of its parts was written. */
export class LocatedDocument {
  readonly #text: ParsedText;
  /** The pairs of each map that was asked about, by key: a document may have ten thousand problems in one map. */
  readonly #pairs = new WeakMap<object, ReadonlyMap<string | undefined, Pair>>();

  constructor(
    text: ParsedText,
    /** Plain data; undefined when the text is broken. */
    readonly value: unknown,
    /** What is wrong with the text itself. */
    readonly problems: readonly Problem[],
  ) {
    this.#text = text;
  }

  get format(): DocumentFormat {
    return this.#text.format;
  }

  /** Where the part at `path` stands, or the nearest part around it; with `key`, where that key of the part stands. */
  placeOf(path: Path, key?: string): Place {
    let node: unknown = this.#text.document.contents;
    let offset = startOf(node) ?? 0;
    const parts = key === undefined ? path : [...path, key];
    for (const [index, part] of parts.entries()) {
      const pair = this.#partAt(node, part);
      const atKey = index === parts.length - 1 && isPair(pair);
      node = isPair(pair) ? pair.value : pair;
      if (isAlias(node)) node = node.resolve(this.#text.document);
      const place = startOf(atKey ? pair.key : node);
      if (place === undefined) break;
      offset = place;
    }
    const { line, col } = this.#text.lines.linePos(offset);
    return { line, column: col };
  }

  problem(
    path: Path,
    message: string,
    more: { readonly fix?: string | undefined; readonly key?: string } = {},
  ): Problem {
    const whole = more.key === undefined ? path : [...path, more.key];
    const fix = more.fix === undefined ? {} : { fix: more.fix };
    return { path: pathText(whole), message, ...fix, ...this.placeOf(path, more.key) };
  }

  /** A problem at a character of the text at `path`; where the text is written folded or escaped, at its beginning. */
  problemWithin(
    path: Path,
    { text, offset }: { readonly text: string; readonly offset: number },
    message: string,
    fix?: string,
  ): Problem {
    const problem = this.problem(path, message, { fix });
    const begins = this.#writtenAt(path, { text, offset });
    if (begins === undefined) return problem;
    const { line, col } = this.#text.lines.linePos(begins);
    return { ...problem, line, column: col };
  }

  /** Where a character of the text at `path` stands: line by line, since blocks are indented. */
  #writtenAt(path: Path, { text, offset }: { readonly text: string; readonly offset: number }): number | undefined {
    const { source } = this.#text;
    const node = this.#valueAt(path);
    const lines = text.slice(0, offset).split('\n');
    const rest = text.slice(offset).split('\n', 1)[0] ?? '';
    let from = startOf(node) ?? source.length;
    for (const [index, line] of lines.entries()) {
      const last = index === lines.length - 1;
      const at = source.indexOf(last ? line + rest : line, from);
      if (at === -1 || at > (endOf(node) ?? 0)) return undefined;
      from = at + line.length;
    }
    return from;
  }

  #valueAt(path: Path): unknown {
    return path.reduce<unknown>((node, part) => {
      const found = this.#partAt(node, part);
      const value = isPair(found) ? found.value : found;
      return isAlias(value) ? value.resolve(this.#text.document) : value;
    }, this.#text.document.contents);
  }

  #partAt(node: unknown, part: PropertyKey): unknown {
    if (isSeq(node)) return typeof part === 'number' ? node.items[part] : undefined;
    if (!isMap(node)) return undefined;
    const known = this.#pairs.get(node) ?? new Map(node.items.map(pair => [keyText(pair), pair]));
    this.#pairs.set(node, known);
    return known.get(String(part));
  }
}

/** Parses YAML 1.2 or JSON. Duplicate keys, unknown tags and alias bombs are problems, not guesses. */
export function locateDocument(source: string, format: DocumentFormat | undefined): LocatedDocument {
  const lines = new LineCounter();
  const kind = format ?? (isJson(source) ? 'json' : 'yaml');
  const document = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    strict: true,
    uniqueKeys: false,
    logLevel: 'error',
  });
  const wrong = kind === 'json' ? jsonErrors(source, document) : yamlErrors(document);
  const located = (value: unknown, problems: readonly Problem[]) =>
    new LocatedDocument({ document, lines, format: kind, source }, value, problems);
  const problems = wrong.map(({ offset, message, fix }): Problem => {
    const { line, col } = lines.linePos(offset);
    return { path: '', message, line, column: col, ...(fix === undefined ? {} : { fix }) };
  });
  if (wrong.some(error => error.fatal)) return located(undefined, problems);
  try {
    return located(kind === 'json' ? JSON.parse(source) : document.toJS({ maxAliasCount: MAX_ALIASES }), problems);
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const message = `The document uses aliases that stand for more than ${MAX_ALIASES} copies.`;
    return located(undefined, [
      ...problems,
      { path: '', message, fix: 'Write the repeated parts out.', line: 1, column: 1 },
    ]);
  }
}

/** `steps[2].needs[0]` */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

const YAML_FIX = 'Close what was opened before this place, and indent the lines of a block alike.';
const JSON_FIX = 'Put commas between members and none behind the last one, and keys and texts in double quotes.';

interface TextError {
  readonly offset: number;
  readonly message: string;
  readonly fix?: string;
  /** Nothing else can be said about the document. */
  readonly fatal: boolean;
}

function yamlErrors(document: Document.Parsed): TextError[] {
  const warnings = document.warnings.map(({ pos, message }) => ({
    offset: pos[0],
    message: `${message}.`,
    fix: 'Remove the tag; flows are plain data.',
    fatal: false,
  }));
  const errors = document.errors.map(({ pos, message }) => {
    return { offset: pos[0], message: `Not valid YAML: ${message}.`, fix: YAML_FIX, fatal: true };
  });
  return errors.length > 0 ? errors : [...warnings, ...duplicateKeys(document)];
}

function jsonErrors(source: string, document: Document.Parsed): TextError[] {
  try {
    JSON.parse(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it cannot be parsed';
    const offset = Number(/at position (\d+)/.exec(reason)?.[1] ?? source.length);
    return [{ offset, message: `Not valid JSON: ${reason}.`, fix: JSON_FIX, fatal: true }];
  }
  return yamlErrors(document).filter(error => !error.fatal);
}

function isJson(source: string): boolean {
  if (!source.trimStart().startsWith('{')) return false;
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}

/** Keys that are themselves maps or lists are no keys of a flow; writing them out could take for ever. */
function keyText({ key }: Pair): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}

/** The library's own search for duplicates compares every key with every other. */
function duplicateKeys(document: Document): TextError[] {
  const found: TextError[] = [];
  visit(document, {
    Map: (_key, map) => {
      const seen = new Set<string>();
      for (const pair of map.items) {
        const key = keyText(pair);
        const offset = startOf(pair.key) ?? 0;
        if (key === undefined) continue;
        if (seen.has(key))
          found.push({ offset, message: 'This key is written twice.', fix: 'Remove one of the two.', fatal: false });
        seen.add(key);
      }
    },
  });
  return found;
}

function startOf(node: unknown): number | undefined {
  const range = (node as { range?: readonly number[] } | undefined | null)?.range;
  return range?.[0];
}

function endOf(node: unknown): number | undefined {
  const range = (node as { range?: readonly number[] } | undefined | null)?.range;
  return range?.[1];
}
