import { isDeeperThan, MAX_LEVELS } from '@runledger/contracts';
import { patternFault } from '@runledger/contracts/json-schema';
import { schemaErrors, type JsonObject } from '../parameters/parameter-schema.js';
import { jsonBytes } from '../values/storable-text.js';
import type { Path } from './located-document.js';
import { SchemaSize } from './schema-size.js';
import { isRecord } from './step-graph.js';

/** Largest schema, as JSON. */
const MAX_SCHEMA_BYTES = 50_000;
/** Most subschemas, or values, in one list or map: the program that they become nests them. */
const MAX_SIDE_BY_SIDE = 500;

/** What a schema is written for, and what is taken there. */
export interface SchemaPurpose {
  readonly what: string;
  readonly example: string;
  readonly patterns: boolean;
  /** Most subschemas with every `$ref` written out: compiling them takes up to a fifth of a millisecond each, at the first value. */
  readonly maxSubschemas: number;
}

export const FOR_OUTPUTS: SchemaPurpose = {
  what: 'schemas of outputs',
  example: 'Write for example `{ type: object, properties: { verdict: { type: string } } }`.',
  patterns: false,
  maxSubschemas: 5_000,
};
export const FOR_PARAMETERS: SchemaPurpose = {
  what: 'schemas of parameters',
  example: 'Write for example `title: { type: string }`.',
  patterns: true,
  maxSubschemas: 1_000,
};

/** Keywords that name a place by which a schema may refer to itself unseen. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  $dynamicRef: 'Use `$ref`.',
  $dynamicAnchor: 'Refer to `#/$defs/<name>`.',
  $id: 'Remove it.',
  $anchor: 'Refer to `#/$defs/<name>`.',
};
/** An agent that is told a regular expression does not put its output right by it. */
const PATTERNS: Readonly<Record<string, string>> = {
  pattern: 'Use `enum`, `format` or `minLength`.',
  patternProperties: 'Use `properties` or `additionalProperties`.',
};

/** One thing that is wrong with a schema; `path` leads to the place from the schema's root. */
export interface SchemaFault {
  readonly path: Path;
  readonly message: string;
  readonly fix: string;
}

/** What is wrong with a schema that values of strangers shall be checked against. */
export function schemaFaults(schema: Readonly<Record<string, unknown>>, purpose: SchemaPurpose): SchemaFault[] {
  const bytes = jsonBytes(schema);
  if (bytes > MAX_SCHEMA_BYTES) {
    const message = `The schema has ${bytes} bytes; at most ${MAX_SCHEMA_BYTES} are taken.`;
    return [{ path: [], message, fix: 'Say less in it.' }];
  }
  if (isDeeperThan(schema, MAX_LEVELS)) {
    return [{ path: [], message: `The schema is nested more than ${MAX_LEVELS} levels deep.`, fix: 'Use `$defs`.' }];
  }
  const refused = refusedIn(schema, purpose, []);
  if (refused.length > 0) return refused;
  const size = new SchemaSize(schema, purpose.maxSubschemas).fault();
  if (size) return [size];
  return schemaErrors(schema as JsonObject).map(({ path, message }) => ({
    path: path.map(index),
    message: `Not a JSON Schema here: ${message}.`,
    fix: purpose.example,
  }));
}

function refusedIn(schema: unknown, purpose: SchemaPurpose, path: Path, inNames = false): SchemaFault[] {
  if (Array.isArray(schema)) return schema.flatMap((item, at) => refusedIn(item, purpose, [...path, at]));
  if (!isRecord(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    // The names of properties are no keywords, and values are no schemas.
    if (!inNames && ['const', 'enum', 'default', 'examples'].includes(key)) return [];
    const here = [...path, key];
    const fault = inNames ? undefined : keywordFault(key, value, purpose);
    if (fault) return [{ path: here, ...fault }];
    return refusedIn(value, purpose, here, !inNames && MAPS.includes(key));
  });
}

const MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];

function keywordFault(
  key: string,
  value: unknown,
  { what, patterns }: SchemaPurpose,
): Omit<SchemaFault, 'path'> | undefined {
  const fix = LEFT_OUT[key] ?? (patterns ? undefined : PATTERNS[key]);
  if (fix !== undefined) return { message: `\`${key}\` is not taken in ${what}.`, fix };
  const members = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  if (members.length > MAX_SIDE_BY_SIDE) {
    return {
      message: `\`${key}\` has ${members.length} entries; at most ${MAX_SIDE_BY_SIDE} are taken.`,
      fix: 'Say less in it.',
    };
  }
  const written = key === 'pattern' ? [value] : key === 'patternProperties' ? members : [];
  const [wrong] = written.flatMap(pattern => (typeof pattern === 'string' ? (patternFault(pattern) ?? []) : []));
  return wrong === undefined
    ? undefined
    : { message: `${wrong}.`, fix: 'Write it with classes, groups and quantifiers.' };
}

function index(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}
