/**
 * JSON with sorted keys and no white space (RFC 8785 for the values that events hold: strings, finite numbers, booleans,
 * null, arrays and plain objects; members that are undefined are left out). Equal values give equal text, so it can be hashed.
 * Text that was cut within a character keeps the half as an escape, where RFC 8785 would stop: a stored event is always readable.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return primitive(value);
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item ?? null)).join(',')}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

function primitive(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON form.`);
  if (typeof value === 'bigint') throw new TypeError('A bigint has no JSON form.');
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`A ${typeof value} has no JSON form.`);
  return text;
}
