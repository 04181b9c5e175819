import type { Json } from '@runledger/contracts';
import type { JsonObject } from '../parameters/parameter-schema.js';

const TYPE_NAMES = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']);

/**
 * The JSON Schema that the written parameters stand for: a whole schema (`type: object`) as it is; else each member is one
 * parameter, its schema or just its type, required unless it has a default or says `required: false`.
 */
export function parameterSchemaOf(written: Readonly<Record<string, unknown>>): JsonObject {
  if (written['type'] === 'object') return written as JsonObject;
  const entries = Object.entries(written).map(([name, schema]) => ({ name, ...readParameter(schema) }));
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(({ name, schema }) => [name, schema])),
    required: entries.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
}

function readParameter(written: unknown): { readonly schema: Json; readonly required: boolean } {
  if (typeof written === 'string' && TYPE_NAMES.has(written)) return { schema: { type: written }, required: true };
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    return { schema: written as Json, required: true };
  }
  const { required, ...schema } = written as Record<string, Json>;
  // A list is JSON Schema's own keyword, for a parameter that is itself an object.
  if (typeof required !== 'boolean') {
    return { schema: written as Json, required: !Object.hasOwn(schema, 'default') };
  }
  return { schema, required };
}
