import type { IncomingMessage } from 'node:http';

/** Of one hop only (RFC 9110 §7.6.1); the proxy's own ones go no further either. */
const HOP_HEADERS = new Set(
  'connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/** What goes on to the next hop. */
export function passedOn(headers: IncomingMessage['headers']): Record<string, string | string[]> {
  const own = String(headers.connection ?? '')
    .toLowerCase()
    .split(/\s*,\s*/);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_HEADERS.has(name) || own.includes(name) ? [] : [[name, value]],
    ),
  );
}
