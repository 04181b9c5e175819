import type { StreamRef } from '../port.js';

/** What streams of this platform look like to the server: a regular expression of its dialect and of ours. */
export const OUR_STREAMS = '^[^$@][^@]*@[^@]*$';

/** Printable ASCII without the escape sign, the separator and, at the beginning, the sign of system streams. */
const PLAIN = /^[\x21-\x7e]$/;

/**
 * The stream's name on the server: `<name>@<tenant>`, so that the category comes first, as the server's category projection
 * and its tools expect. Both parts are percent-encoded where they have `%`, `@`, spaces or anything but ASCII (the server
 * repeats names in gRPC trailers), and a leading `$` is, so that no name of ours is a system stream. One stream has one name
 * and one name one stream.
 */
export function toWireName({ tenant, name }: StreamRef): string {
  const escaped = escape(name);
  return `${escaped.startsWith('$') ? `%24${escaped.slice(1)}` : escaped}@${escape(tenant)}`;
}

/** Undefined for streams that are not ours: the server's own, and those of other programs. */
export function fromWireName(wireName: string): StreamRef | undefined {
  const at = wireName.indexOf('@');
  if (at <= 0) return undefined;
  try {
    const stream = {
      name: decodeURIComponent(wireName.slice(0, at)),
      tenant: decodeURIComponent(wireName.slice(at + 1)),
    };
    return toWireName(stream) === wireName ? stream : undefined;
  } catch {
    return undefined; // not percent-encoded by us
  }
}

export function categoryOf(name: string): string {
  const dash = name.indexOf('-');
  return dash < 0 ? name : name.slice(0, dash);
}

function escape(text: string): string {
  let escaped = '';
  for (const sign of text) escaped += PLAIN.test(sign) && sign !== '%' && sign !== '@' ? sign : percent(sign);
  return escaped;
}

function percent(sign: string): string {
  return [...Buffer.from(sign)].map(byte => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
