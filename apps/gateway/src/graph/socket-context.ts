import type { Context } from 'graphql-ws';
import type { Counted } from '../edge/rate-limits.js';
import { CLOSE } from './socket-limits.js';
import type { SocketExtra } from './socket-wire.js';

/** One socket as the protocol's server knows it. */
export type SocketContext = Context<Record<string, unknown>, SocketExtra>;

/** What the client says of itself with `connection_init` (`Authorization: Bearer …`), in any case of the name. */
export function textOf(context: SocketContext, name: 'authorization' | 'log'): string | undefined {
  const found = Object.entries(context.connectionParams ?? {}).find(([key]) => key.toLowerCase() === name);
  return typeof found?.[1] === 'string' ? found[1] : undefined;
}

export function countedOf(context: SocketContext): Counted {
  const { request } = context.extra;
  return { authorization: textOf(context, 'authorization'), address: request.socket.remoteAddress ?? 'unknown' };
}

/** Long enough for a client that goes on with another subscription on the same socket. */
const GOING_ON_MS = 250;

/** A socket that was opened for this subscription only is closed when it has ended; others go on. */
export function closeWhenAlone({ subscriptions, extra: { socket } }: SocketContext): void {
  if (Object.keys(subscriptions).length > 1) return;
  setTimeout(() => {
    if (Object.keys(subscriptions).length === 0) socket.close(CLOSE.cursorExpired, 'Cursor expired');
  }, GOING_ON_MS).unref();
}
