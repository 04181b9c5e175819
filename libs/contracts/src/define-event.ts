import { defineEvent as defineWith, type EventDefinition, type PersonalField, type Upcast } from '@runledger/kernel';
import { z } from 'zod';
import { quick } from './quick-schema.js';
import { actorSchema } from './values.js';

/**
 * Defines an event type whose data is checked on a compiled way: every event that is written passes here. Names of actors, and the
 * comment of the only one, are personal by themselves; `personal` says what else is.
 */
export function defineEvent<const Type extends string, Schema extends z.ZodType>(definition: {
  readonly type: Type;
  readonly version: number;
  readonly schema: Schema;
  readonly upcast?: Readonly<Record<number, Upcast>>;
  readonly personal?: readonly PersonalField[];
}): EventDefinition<Type, z.output<Schema>> {
  const personal = [...personalIn(definition.schema), ...(definition.personal ?? [])];
  return defineWith({ ...definition, schema: quick(definition.schema), personal });
}

function personalIn(schema: z.ZodType): PersonalField[] {
  if (!(schema instanceof z.ZodObject)) return [];
  const shape: Readonly<Record<string, unknown>> = schema.shape;
  const actors = Object.keys(shape).filter(name => isActor(shape[name]));
  const [only] = actors.length === 1 ? actors : [];
  const names = actors.map(actor => ({ field: `${actor}.name`, of: `${actor}.id` }));
  return only !== undefined && 'comment' in shape ? [...names, { field: 'comment', of: `${only}.id` }] : names;
}

function isActor(schema: unknown): boolean {
  return schema === actorSchema || (schema instanceof z.ZodOptional && schema.unwrap() === actorSchema);
}
