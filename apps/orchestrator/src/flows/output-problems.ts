import type { Problem } from '@runledger/kernel';
import { schemaErrors, type JsonObject } from '../parameters/parameter-schema.js';
import { jsonBytes } from '../values/storable-text.js';
import type { LocatedDocument, Path } from './located-document.js';
import { isRecord, MAX_PROBLEMS, type StepSketch } from './step-graph.js';

/** Largest schema of an output, as JSON. */
const MAX_SCHEMA_BYTES = 50_000;
/** Compiling one takes a millisecond or two. */
const MAX_SCHEMAS = 300;
/** Most subschemas with every `$ref` written out: checking a value looks at each. */
const MAX_SUBSCHEMAS = 5_000;

/**
 * Keywords that could take for ever on the values of agents (JavaScript's regular expressions backtrack), or that refer to
 * something outside of the schema.
 */
const LEFT_OUT: Readonly<Record<string, string>> = {
  pattern: 'Use `enum`, `format` or `minLength`.',
  patternProperties: 'Use `properties` or `additionalProperties`.',
  $dynamicRef: 'Use `$ref`.',
  $id: 'Remove it.',
  $anchor: 'Refer to `#/$defs/<name>`.',
};

/** One thing that is wrong with a schema; `path` leads to the place from the schema's root. */
export interface SchemaFault {
  readonly path: Path;
  readonly message: string;
  readonly fix: string;
}

/** What is wrong with the output schemas of the steps. */
export function outputProblems(document: LocatedDocument, steps: readonly StepSketch[]): Problem[] {
  const known = new Map<string, SchemaFault[]>();
  const problems: Problem[] = [];
  for (const step of steps) {
    const schema = isRecord(step.raw['output']) ? step.raw['output']['schema'] : undefined;
    if (!isRecord(schema)) continue;
    const place = ['steps', step.index, 'output', 'schema'];
    const text = JSON.stringify(schema);
    const faults = known.get(text) ?? outputSchemaFaults(schema);
    known.set(text, faults);
    problems.push(...faults.map(fault => placed(document, place, fault)));
    if (problems.length >= MAX_PROBLEMS) return problems;
    if (known.size > MAX_SCHEMAS) {
      const message = `The flow has more than ${MAX_SCHEMAS} different output schemas.`;
      return [...problems, document.problem(place, message, { fix: 'Split the flow, or let steps share a schema.' })];
    }
  }
  return problems;
}

function placed(document: LocatedDocument, place: Path, { path, message, fix }: SchemaFault): Problem {
  const key = path.at(-1);
  return typeof key === 'string'
    ? document.problem([...place, ...path.slice(0, -1)], message, { fix, key })
    : document.problem([...place, ...path], message, { fix });
}

/** What is wrong with a schema that values of agents shall be checked against. */
export function outputSchemaFaults(schema: Readonly<Record<string, unknown>>): SchemaFault[] {
  const bytes = jsonBytes(schema);
  if (bytes > MAX_SCHEMA_BYTES) {
    const message = `The schema has ${bytes} bytes; at most ${MAX_SCHEMA_BYTES} are taken.`;
    return [{ path: [], message, fix: 'Say less about the output.' }];
  }
  const left = leftOut(schema, []);
  if (left.length > 0) return left;
  if (new SchemaSize(schema).measure() === undefined) {
    return [{ path: [], message: 'The schema refers to itself, or to too much.', fix: 'Write the inner levels out.' }];
  }
  return schemaErrors(schema as JsonObject).map(({ path, message }) => ({
    path: path.map(index),
    message: `Not a JSON Schema here: ${message}.`,
    fix: 'Write for example `{ type: object, properties: { verdict: { type: string } } }`.',
  }));
}

function leftOut(schema: unknown, path: Path, inProperties = false): SchemaFault[] {
  if (Array.isArray(schema)) return schema.flatMap((item, at) => leftOut(item, [...path, at]));
  if (!isRecord(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    // The names of properties are no keywords, and values are no schemas.
    if (!inProperties && ['const', 'enum', 'default', 'examples'].includes(key)) return [];
    const fix = inProperties ? undefined : LEFT_OUT[key];
    if (fix !== undefined)
      return [{ path: [...path, key], message: `\`${key}\` is not taken in schemas of outputs.`, fix }];
    const named = !inProperties && (key === 'properties' || key === '$defs');
    return leftOut(value, [...path, key], named);
  });
}

/** Counts subschemas as if each `$ref` stood for a copy. */
class SchemaSize {
  readonly #open = new Set<unknown>();
  #count = 0;

  constructor(private readonly root: Readonly<Record<string, unknown>>) {}

  /** Undefined: without end, or more than {@link MAX_SUBSCHEMAS}. */
  measure(): number | undefined {
    return this.#walk(this.root) ? this.#count : undefined;
  }

  #walk(node: unknown): boolean {
    if (typeof node !== 'object' || node === null) return true;
    this.#count += 1;
    if (this.#count > MAX_SUBSCHEMAS || this.#open.has(node)) return false;
    this.#open.add(node);
    const target = isRecord(node) && typeof node['$ref'] === 'string' ? this.#target(node['$ref']) : undefined;
    const inner = Object.entries(node).flatMap(([key, value]) => (key === '$defs' ? [] : [value as unknown]));
    const fits = [...inner, target].every(part => this.#walk(part));
    this.#open.delete(node);
    return fits;
  }

  #target(reference: string): unknown {
    if (!reference.startsWith('#')) return undefined;
    return reference
      .split('/')
      .slice(1)
      .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>(
        (at, part) => (isRecord(at) || Array.isArray(at) ? Reflect.get(at, part) : undefined),
        this.root,
      );
  }
}

function index(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}
