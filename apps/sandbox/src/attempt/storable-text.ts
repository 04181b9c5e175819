import { storableText } from '@runledger/kernel';

/** The value with every string in it made storable. Returns the same value when nothing had to change. */
export function storable<T>(value: T): T {
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [clean(key) as string, clean(member)]));
}

/** Cuts before `length` UTF-16 units, never through a surrogate pair. */
export function headOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

/** The last `length` UTF-16 units at most, never beginning inside a surrogate pair. */
export function tailOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const first = text.charCodeAt(text.length - length);
  return text.slice(first >= 0xdc00 && first <= 0xdfff ? 1 - length : -length);
}
