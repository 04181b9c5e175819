import { createClient } from 'graphql-ws/client';
import { errorOf, RunledgerError, type ApiError } from './client-error.js';

export interface SocketOptions {
  /** `ws://…/graphql`. */
  readonly url: string;
  readonly token: () => Promise<string>;
  readonly webSocket: typeof WebSocket | undefined;
}

/** How the platform closes sockets on purpose; anything else is a connection that was lost. */
const CLOSED: Readonly<Record<number, readonly [code: string, message: string]>> = {
  4400: ['BAD_REQUEST', 'The platform did not understand what was sent on the socket.'],
  4401: ['UNAUTHENTICATED', 'The socket was closed before the token was presented.'],
  4403: ['UNAUTHENTICATED', 'The token is worth nothing here.'],
  4429: ['RATE_LIMITED', 'Too much was asked with this token within a minute.'],
};

/** Subscriptions over WebSocket, protocol `graphql-transport-ws`, one connection each. */
export class SocketFeed {
  constructor(private readonly options: SocketOptions) {}

  /** Until the platform completes it or `ending` fires. Throws {@link RunledgerError}. */
  async *items<Item>(query: string, variables: object, ending: AbortSignal): AsyncGenerator<Item, void> {
    const { url, token, webSocket } = this.options;
    const client = createClient({
      url,
      retryAttempts: 0, // the library would ask for the first items again; whoever resumes knows the last one
      connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
      ...(webSocket && { webSocketImpl: webSocket }),
    });
    const end = (): void => void client.dispose();
    ending.addEventListener('abort', end);
    try {
      for await (const { data, errors } of client.iterate({ query, variables: { ...variables } })) {
        if (errors) throw errorOf(errors);
        yield data as Item;
      }
    } catch (error) {
      throw feedError(error);
    } finally {
      ending.removeEventListener('abort', end);
      await client.dispose();
    }
  }
}

/** Errors of the operation come as a list, the end of the socket as its close event. */
function feedError(error: unknown): RunledgerError {
  if (error instanceof RunledgerError) return error;
  if (Array.isArray(error)) return errorOf(error as readonly ApiError[]);
  const { code } = error as { readonly code?: unknown };
  const closed = typeof code === 'number' ? CLOSED[code] : undefined;
  if (closed) return new RunledgerError(closed[0], closed[1], { cause: error });
  return new RunledgerError('CONNECTION_LOST', 'The connection to the platform is lost.', { cause: error });
}
