import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CloseCode, type Server } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import { Outbox } from './outbox.js';
import { CLOSE, type SocketLimits } from './socket-limits.js';

/** What belongs to one socket. */
export interface SocketExtra {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly outbox: Outbox;
}

export interface WireOptions {
  readonly limits: SocketLimits;
  /** What failed while a message was dealt with; answers with the code to close with. */
  readonly onFault: (error: unknown) => number;
}

/**
 * One WebSocket under the protocol's server: messages in, bounded messages out, signs of life. What the other end does wrong closes
 * its socket with a code, and is no news for our log.
 */
export function wire(
  server: Server<SocketExtra>,
  { socket, request }: Omit<SocketExtra, 'outbox'>,
  options: WireOptions,
): void {
  const outbox = new Outbox(socket, request.socket, options.limits, () => void closeLagging(socket));
  const hangUpFlooded = (): void => void (outbox.isFlooded && socket.terminate());
  const stayAlive = signsOfLife(socket, options.limits.aliveMs);
  // A frame that is none, a message that is too long: `ws` has closed the socket with its code by then.
  socket.on('error', () => undefined);
  socket.on('ping', hangUpFlooded);
  socket.on('message', hangUpFlooded);
  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: async text => void (await outbox.send(text)),
      close: (code, reason) => socket.close(code, reason),
      onMessage: handle =>
        socket.on('message', (data, isBinary) => void dealWith(handle, isBinary ? undefined : textIn(data))),
    },
    { socket, request, outbox },
  );
  socket.once('close', (code, reason) => {
    clearInterval(stayAlive);
    void closed(code, String(reason));
  });

  async function dealWith(handle: (data: string) => Promise<void>, text: string | undefined): Promise<void> {
    if (text === undefined) return socket.close(CloseCode.BadRequest, 'Only text is understood');
    try {
      await handle(text);
    } catch (error) {
      if (isWrongWayRound(error)) return socket.close(CloseCode.BadRequest, 'Invalid message received');
      socket.close(options.onFault(error), 'Something broke on our side');
    }
  }
}

/** Messages that only a server sends. */
function isWrongWayRound(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message of type');
}

/** After what the protocol itself still has to say. */
async function closeLagging(socket: WebSocket): Promise<void> {
  await nextTurn();
  socket.close(CLOSE.lagged, 'Lagged');
}

/** Whoever leaves a ping unanswered until the next one is due has gone. */
function signsOfLife(socket: WebSocket, everyMs: number): NodeJS.Timeout {
  let answered = true;
  socket.on('pong', () => (answered = true));
  return setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, everyMs);
}

function textIn(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}
