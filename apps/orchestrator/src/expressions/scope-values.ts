import type { Json } from '@runledger/contracts';

/** Objects as maps: a member called `constructor` or `__proto__` is a member like any other. */
export type ScopeValue = null | boolean | number | string | readonly ScopeValue[] | ReadonlyMap<string, ScopeValue>;

const MAX_DEPTH = 200;
const CHARACTERS_PER_UNIT = 32;

/** The value is nested more deeply than {@link MAX_DEPTH}. */
export const TOO_DEEP = Symbol('too deep');

/** Turns JSON into what expressions are evaluated on, and measures it on the way. */
export class ScopeMeasure {
  /** About how long it takes to look at everything once: values, and text by its length. */
  size = 1;
  /** Elements of the longest list or object. */
  longest = 1;

  /** Copies a value; throws nothing, but says when it is too deep. */
  take(value: Json | undefined, depth = 0): ScopeValue | typeof TOO_DEEP {
    this.size += 1;
    if (value === undefined || value === null) return null;
    if (typeof value === 'string') this.size += value.length / CHARACTERS_PER_UNIT;
    if (typeof value !== 'object') return value;
    if (depth === MAX_DEPTH) return TOO_DEEP;
    return Array.isArray(value) ? this.#list(value, depth) : this.#map(value, depth);
  }

  #list(items: readonly Json[], depth: number): ScopeValue | typeof TOO_DEEP {
    this.longest = Math.max(this.longest, items.length);
    const taken: ScopeValue[] = [];
    for (const item of items) {
      const value = this.take(item, depth + 1);
      if (value === TOO_DEEP) return TOO_DEEP;
      taken.push(value);
    }
    return taken;
  }

  #map(members: Readonly<Record<string, Json>>, depth: number): ScopeValue | typeof TOO_DEEP {
    const entries = Object.entries(members);
    this.longest = Math.max(this.longest, entries.length);
    const taken = new Map<string, ScopeValue>();
    for (const [key, member] of entries) {
      const value = this.take(member, depth + 1);
      if (value === TOO_DEEP) return TOO_DEEP;
      taken.set(key, value);
    }
    return taken;
  }
}

/** The JSON of what an evaluation gave; undefined when it is something that JSON does not have. */
export function jsonOf(value: unknown): Json | undefined {
  if (typeof value === 'bigint') return Number(value);
  // JSON has no negative zero either.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined;
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (Array.isArray(value)) return allOf(value.map(jsonOf));
  if (!(value instanceof Map)) return undefined;
  const values = allOf([...value.values()].map(jsonOf));
  return values && Object.fromEntries([...value.keys()].map((key, index) => [String(key), values[index] ?? null]));
}

function allOf(values: readonly (Json | undefined)[]): Json[] | undefined {
  const known = values.filter(value => value !== undefined);
  return known.length === values.length ? known : undefined;
}
