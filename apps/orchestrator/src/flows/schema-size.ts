import { pointedAt, type JsonSchema } from '@runledger/contracts/json-schema';
import type { SchemaFault } from './schema-faults.js';
import { isRecord } from './step-graph.js';

/** Counts subschemas as if each `$ref` stood for a copy. */
export class SchemaSize {
  readonly #open = new Set<unknown>();
  #count = 0;
  #astray: string | undefined;

  constructor(
    private readonly root: JsonSchema,
    private readonly most: number,
  ) {}

  /** What is wrong when the schema is without end, has too many subschemas, or refers to what is not there; undefined otherwise. */
  fault(): SchemaFault | undefined {
    if (this.#walk(this.root)) return undefined;
    if (this.#astray !== undefined) {
      const message = `Not a JSON Schema here: can't resolve reference ${this.#astray}.`;
      return { path: [], message, fix: 'Refer to `#/$defs/<name>`.' };
    }
    return { path: [], message: 'The schema refers to itself, or to too much.', fix: 'Write the inner levels out.' };
  }

  #walk(node: unknown): boolean {
    if (typeof node !== 'object' || node === null) return true;
    this.#count += 1;
    if (this.#count > this.most || this.#open.has(node)) return false;
    this.#open.add(node);
    const inner = Object.entries(node).flatMap(([key, value]) => (key === '$defs' ? [] : [value as unknown]));
    const fits = [...inner, this.#target(node)].every(part => this.#walk(part));
    this.#open.delete(node);
    return fits && this.#astray === undefined;
  }

  /** Where a `$ref` leads within the schema; what is outside of it is resolved by whoever compiles it. */
  #target(node: object): unknown {
    const reference = isRecord(node) ? node['$ref'] : undefined;
    if (typeof reference !== 'string' || /^https?:/.test(reference)) return undefined;
    const target = pointedAt(this.root, reference);
    if (target === undefined) this.#astray = reference;
    return target;
  }
}
