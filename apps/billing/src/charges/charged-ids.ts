/** A set of ids that shares what it can with the set it grew from: adding copies one small bucket, never the whole. */
export type ChargedIds = readonly (ReadonlySet<string> | undefined)[];

const BUCKETS = 256;

export const noIds: ChargedIds = [];

export function hasId(ids: ChargedIds, id: string): boolean {
  return ids[bucketOf(id)]?.has(id) ?? false;
}

export function withId(ids: ChargedIds, id: string): ChargedIds {
  const bucket = bucketOf(id);
  return Array.from({ length: BUCKETS }, (_, at) => (at === bucket ? new Set(ids[at]).add(id) : ids[at]));
}

function bucketOf(id: string): number {
  let hash = 0;
  for (let at = 0; at < id.length; at += 1) hash = (hash * 31 + id.charCodeAt(at)) % 65_521;
  return hash % BUCKETS;
}
