/** What may have to be escaped: anything but printable ASCII without quotes and backslashes. */
const ESCAPED = /[^ !#-[\]-~]/;
const PLAIN_CHARS = 64;

/**
 * JSON with sorted keys and no white space (RFC 8785 for the values that events hold: strings, finite numbers, booleans,
 * null, arrays and plain objects; members that are undefined are left out). Equal values give equal text, so it can be hashed.
 * Text that was cut within a character keeps the half as an escape, where RFC 8785 would stop: a stored event is always readable.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object') return primitive(value);
  if (value === null) return 'null';
  return Array.isArray(value) ? listText(value) : objectText(value as Readonly<Record<string, unknown>>);
}

function listText(list: readonly unknown[]): string {
  let text = '';
  for (const item of list) text += `${text === '' ? '' : ','}${canonicalJson(item ?? null)}`;
  return `[${text}]`;
}

/** Without a list of members on the way: whoever seals, or keeps views, writes each event's. */
function objectText(value: Readonly<Record<string, unknown>>): string {
  let text = '';
  for (const key of sortedKeys(value)) {
    const member = value[key];
    if (member === undefined) continue;
    text += `${text === '' ? '' : ','}${quoted(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** By UTF-16 code units, which is how strings are compared and sorted. What was read from such text is in order mostly. */
function sortedKeys(value: object): readonly string[] {
  const keys = Object.keys(value);
  return keys.every((key, index) => index === 0 || (keys[index - 1] ?? '') < key) ? keys : keys.sort();
}

/** Names and ids are short and plain, and many: those need no serializer. */
function quoted(text: string): string {
  return text.length <= PLAIN_CHARS && !ESCAPED.test(text) ? `"${text}"` : JSON.stringify(text);
}

function primitive(value: unknown): string {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value);
  throw new TypeError(`${typeof value === 'number' ? value : `A ${typeof value}`} has no JSON form.`);
}
