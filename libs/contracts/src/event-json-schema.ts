import type { AnyEventDefinition } from '@runledger/kernel';
import { z } from 'zod';

/**
 * The JSON Schema (draft 2020-12) of an event type's data in its current version, for consumers that do not run this code.
 * Throws a TypeError for a definition whose schema was not made with zod.
 */
export function jsonSchemaOf(
  definition: AnyEventDefinition,
  /** `draft-7` is what AsyncAPI speaks. */
  target: 'draft-2020-12' | 'draft-7' = 'draft-2020-12',
): Record<string, unknown> {
  const { type, version, schema } = definition;
  if (!(schema instanceof z.ZodType)) throw new TypeError(`The schema of ${type} v${version} is not a zod schema.`);
  const { $schema, ...body } = z.toJSONSchema(schema, { target });
  return { $schema, $id: `urn:runledger:event:${type}:v${version}`, title: type, ...plain(body) };
}

/** What JSON keeps of it: no prototypes, no undefined members. */
function plain(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}
