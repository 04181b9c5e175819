import { SchemaCheck } from './schema-check.js';
import type { JsonSchema } from './subschemas.js';

const MAX_KNOWN = 100;

/** By the text of the schema: compiling one takes milliseconds, and each attempt at a step would do it again. */
const known = new Map<string, SchemaCheck>();

/** The check of values against a schema, compiled at most once while it is in use. */
export function knownCheck(schema: JsonSchema): SchemaCheck {
  const text = JSON.stringify(schema);
  const found = known.get(text);
  if (found) return found;
  const check = new SchemaCheck(schema);
  const [oldest] = known.keys();
  if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
  known.set(text, check);
  return check;
}
