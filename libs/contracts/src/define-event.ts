import { defineEvent as defineWith, type EventDefinition, type Upcast } from '@runledger/kernel';
import type { z } from 'zod';
import { quick } from './quick-schema.js';

/** Defines an event type whose data is checked on a compiled way: every event that is written passes here. */
export function defineEvent<const Type extends string, Schema extends z.ZodType>(definition: {
  readonly type: Type;
  readonly version: number;
  readonly schema: Schema;
  readonly upcast?: Readonly<Record<number, Upcast>>;
}): EventDefinition<Type, z.output<Schema>> {
  return defineWith({ ...definition, schema: quick(definition.schema) });
}
