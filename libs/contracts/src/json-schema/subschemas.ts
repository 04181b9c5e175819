/** A JSON Schema that is an object: `true` and `false` are schemas too, and say little. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const ONE = [
  ...['not', 'if', 'then', 'else', 'items', 'contains', 'additionalProperties', 'propertyNames'],
  ...['unevaluatedItems', 'unevaluatedProperties', 'contentSchema'],
];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies'];

/** What stands in a schema where a schema may stand; not what it refers to. */
export function subschemasOf(schema: JsonSchema): unknown[] {
  return [
    ...ONE.map(name => schema[name]),
    ...LISTS.flatMap(name => (Array.isArray(schema[name]) ? (schema[name] as unknown[]) : [])),
    ...MAPS.flatMap(name => (isObject(schema[name]) ? Object.values(schema[name]) : [])),
  ].filter(inner => typeof inner === 'object');
}

/** What a `$ref` within a document leads to; undefined when it leads nowhere, or out of it. */
export function pointedAt(root: JsonSchema, reference: unknown): unknown {
  if (typeof reference !== 'string' || !/^#(?:\/|$)/.test(reference)) return undefined;
  // Who reads a schema takes `#/` for the whole, too.
  if (reference === '#' || reference === '#/') return root;
  return reference
    .slice(2)
    .split('/')
    .map(part => decoded(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (at, part) =>
        typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined,
      root,
    );
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a reference that cannot be decoded leads nowhere by that name either
  }
}
