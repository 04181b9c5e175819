import type { Json } from '@runledger/contracts';

/** The value that a JSON pointer (RFC 6901) names; undefined when there is none. */
export function valueAt(document: Json, pointer: string): Json | undefined {
  const names = pointer.split('/').slice(1);
  return names.map(unescaped).reduce<Json | undefined>(memberOf, document);
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, Json>>)[name] : undefined;
}

function unescaped(name: string): string {
  return name.replaceAll('~1', '/').replaceAll('~0', '~');
}
