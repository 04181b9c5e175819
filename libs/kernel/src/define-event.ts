/** Anything with a `parse` that returns valid data or throws; zod schemas fit. */
export interface Schema<T> {
  parse(input: unknown): T;
}

/** A fact in the past tense: what happened (`type`) and its particulars (`data`). Plain JSON, never edited. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** Lifts the data of one stored version to the next version. Pure and total: stored events never fail to read (E4). */
export type Upcast = (data: never) => unknown;

/** A text about a person: `field` is where it stands in the data, `of` where the person's id stands; both dotted. */
export interface PersonalField {
  readonly field: string;
  readonly of: string;
}

/** One event type as a value: call it to make the event; it also carries its schema and its history. */
export interface EventDefinition<Type extends string = string, Data = unknown> {
  (data: Data): DomainEvent<Type, Data>;
  readonly type: Type;
  /** Version written today; older stored versions are upcast when read. Starts at 1. */
  readonly version: number;
  readonly schema: Schema<Data>;
  /** `upcast[n]` turns version n into version n+1; one entry for each version below `version`. */
  readonly upcast: Readonly<Record<number, Upcast>>;
  /** What of its data is about a person, and can be erased with that person's key. */
  readonly personal: readonly PersonalField[];
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the widest definition: data is invariant in the call and the schema
export type AnyEventDefinition = EventDefinition<string, any>;

/** The union of events that a list of definitions can make. */
export type EventOf<Definitions extends readonly AnyEventDefinition[]> = ReturnType<Definitions[number]>;

/** Defines an event type once: name, version, schema and history. Throws when a version has no upcast. */
export function defineEvent<const Type extends string, Data>(definition: {
  readonly type: Type;
  readonly version: number;
  readonly schema: Schema<Data>;
  readonly upcast?: Readonly<Record<number, Upcast>>;
  readonly personal?: readonly PersonalField[];
}): EventDefinition<Type, Data> {
  const { type, version, schema, upcast = {}, personal = [] } = definition;
  for (let old = 1; old < version; old += 1) {
    if (!upcast[old]) throw new TypeError(`${type} is at version ${version} but has no upcast for version ${old}.`);
  }
  const make = (data: Data): DomainEvent<Type, Data> => ({ type, data });
  return Object.assign(make, { type, version, schema, upcast, personal });
}
