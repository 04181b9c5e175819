/** What may have to be escaped: anything but printable ASCII without quotes and backslashes. */
const ESCAPED = /[^ !#-[\]-~]/;
const PLAIN_CHARS = 64;

/**
 * JSON with sorted keys and no white space (RFC 8785 for the values that events hold: strings, finite numbers, booleans,
 * null, arrays and plain objects; members that are undefined are left out). Equal values give equal text, so it can be hashed.
 * Text that was cut within a character keeps the half as an escape, where RFC 8785 would stop: a stored event is always readable.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return primitive(value);
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item ?? null)).join(',')}]`;
  return objectText(value as Readonly<Record<string, unknown>>);
}

/** Without a list of members on the way: whoever seals, or keeps views, writes each event's. */
function objectText(value: Readonly<Record<string, unknown>>): string {
  let text = '';
  // By UTF-16 code units, which is how strings are sorted where nothing else is said.
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member === undefined) continue;
    text += `${text === '' ? '' : ','}${quoted(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** Names and ids are short and plain, and many: those need no serializer. */
function quoted(text: string): string {
  return text.length <= PLAIN_CHARS && !ESCAPED.test(text) ? `"${text}"` : JSON.stringify(text);
}

function primitive(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON form.`);
  if (typeof value === 'bigint') throw new TypeError('A bigint has no JSON form.');
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`A ${typeof value} has no JSON form.`);
  return text;
}
