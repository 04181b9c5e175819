import { isStorable } from '@runledger/kernel';

/**
 * Largest work of one step as JSON, as written and as filled in: a run's first append holds its flow, its parameters and
 * its first work, and an append takes one megabyte.
 */
export const MAX_WORK_BYTES = 200_000;

/** Paths of the strings that no store and no environment variable can hold: NUL characters, halves of surrogate pairs. */
export function unstorableTexts(value: unknown, path: readonly PropertyKey[] = []): (readonly PropertyKey[])[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [path];
  if (Array.isArray(value)) return value.flatMap((item, index) => unstorableTexts(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    isStorable(key) ? unstorableTexts(member, [...path, key]) : [path],
  );
}

/** The length of a value as JSON in UTF-8. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}
