/** Something with names in it, as programs and vendors tell it; what stands under a name is for whoever looks to judge. */
export type ToldRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is ToldRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined: it is no such thing. */
export function recordOf(value: unknown): ToldRecord | undefined {
  return isRecord(value) ? value : undefined;
}
