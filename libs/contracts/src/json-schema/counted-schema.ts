import type { Looks } from './looks.js';
import { pointedAt, subschemasOf, type JsonSchema, isObject } from './subschemas.js';
import type { Ajv2020, FuncKeywordDefinition } from 'ajv/dist/2020.js';

/** What a subschema costs that is held against one value. */
interface Costs {
  /** Whatever the value is. */
  readonly flat: number;
  /** Times the size of the value. */
  readonly each: number;
  /** Times all that is in the value: it is held against a schema of another document. */
  readonly deep: number;
  /** What is copied into an object in which it is missing, in bytes of JSON. */
  readonly defaults: readonly (readonly [name: string | number, bytes: number])[];
}

const KEYWORD = '$looks';
const BYTES_PER_LOOK = 16;
const CHARS_PER_LOOK = 64;
const MEMBERS_PER_LOOK = 4;
/** A way that does not fit leaves its faults behind until another one fits. */
const WAY = 20;
/** What is left over is what no other subschema has looked at: each says of each member whether it has. */
const LEFT_OVER = 8;
/** A regular expression goes over the text several times as slowly as what counts its characters. */
const FORMAT = 8;
/** The schema of schemas looks at each value in about so many ways. */
const OF_SCHEMAS = 60;

/** A copy of a schema in which each subschema says what it costs, in the words of {@link countLooks}. */
export function counted(schema: JsonSchema): JsonSchema {
  const copy = structuredClone(schema) as Record<string, unknown>;
  const leftOver = /"unevaluated(?:Items|Properties)"/.test(JSON.stringify(schema)) ? LEFT_OVER : 1;
  const seen = new Set<unknown>();
  const ahead: unknown[] = [copy];
  for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
    if (!isObject(at) || seen.has(at) || Object.keys(at).length === 0) continue;
    seen.add(at);
    ahead.push(...subschemasOf(at), pointedAt(copy, at['$ref']) ?? true);
    (at as Record<string, unknown>)[KEYWORD] = costsOf(at, leftOver);
  }
  return copy;
}

/** Lets an instance count what {@link counted} schemas cost, before anything else is looked at. */
export function countLooks(ajv: Ajv2020, looks: Looks): Ajv2020 {
  const keyword: FuncKeywordDefinition = {
    keyword: KEYWORD,
    schemaType: 'object',
    errors: false,
    valid: true,
    compile: (costs: Costs) => (value: unknown) => {
      looks.spend(costs.flat + costs.each * sizeOf(value) + (costs.deep && costs.deep * deepSizeOf(value)));
      for (const [name, bytes] of costs.defaults) if (isMissing(value, name)) looks.spend(bytes);
      return true;
    },
  };
  ajv.addKeyword(keyword);
  const [first] = ajv.RULES.rules;
  const own = first?.rules.pop();
  if (own) first?.rules.unshift(own);
  return ajv;
}

function costsOf(schema: JsonSchema, leftOver: number): Costs {
  const keywords = Object.keys(schema);
  const { properties } = schema;
  const literals = ['enum', 'const', 'required', 'dependentRequired'].reduce((all, at) => all + bytesOf(schema[at]), 0);
  const members = isObject(properties) ? Object.keys(properties).length : 0;
  const ways = [schema['anyOf'], schema['oneOf']].reduce<number>(
    (all, at) => all + (Array.isArray(at) ? at.length : 0),
    0,
  );
  const reference = schema['$ref'];
  return {
    flat: 2 * (1 + keywords.length) + WAY * ways + Math.ceil((literals + members) / BYTES_PER_LOOK),
    each: leftOver * (keywords.length + (keywords.includes('format') ? FORMAT : 0)),
    deep: typeof reference === 'string' && !reference.startsWith('#') ? OF_SCHEMAS : 0,
    defaults: [...defaultsOf(properties), ...defaultsOf(schema['prefixItems'])],
  };
}

function defaultsOf(schemas: unknown): (readonly [string | number, number])[] {
  if (typeof schemas !== 'object' || schemas === null) return [];
  const isList = Array.isArray(schemas);
  return Object.entries(schemas).flatMap(([name, schema]) =>
    isObject(schema) && 'default' in schema
      ? [[isList ? Number(name) : name, bytesOf(schema['default'])] as const]
      : [],
  );
}

function isMissing(value: unknown, name: string | number): boolean {
  if (typeof name === 'number') return Array.isArray(value) && value.length <= name;
  return isObject(value) && value[name] === undefined;
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Math.ceil(value.length / CHARS_PER_LOOK);
  if (Array.isArray(value)) return Math.ceil(value.length / MEMBERS_PER_LOOK);
  return isObject(value) ? Math.ceil(Object.keys(value).length / MEMBERS_PER_LOOK) : 0;
}

function deepSizeOf(value: unknown): number {
  const members = typeof value === 'object' && value !== null ? Object.values(value) : [];
  return members.reduce<number>((size, member) => size + deepSizeOf(member), 1 + sizeOf(value));
}

function bytesOf(value: unknown): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
}
