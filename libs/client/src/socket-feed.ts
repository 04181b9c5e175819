import { createClient } from 'graphql-ws/client';
import { errorOf, RunledgerError, whyUnreached, type ApiError } from './client-error.js';

export interface SocketOptions {
  /** `ws://…/graphql`. */
  readonly url: string;
  readonly token: () => Promise<string>;
  /** Whether `token` may answer with another one when the last one has ended. */
  readonly isTokenRenewed: boolean;
  readonly webSocket: typeof WebSocket;
  /** How long the platform may say nothing until it is asked for a sign of life, and how long it may take for that. */
  readonly silenceMs: number;
}

const VALID = 'Pass a valid API token or JWT as `token`; where tokens end, a function that returns a fresh one.';

/** How the platform closes sockets on purpose; anything else is a connection that was lost. */
const CLOSED: Readonly<Record<number, readonly [code: string, message: string, fix?: string]>> = {
  4400: ['BAD_REQUEST', 'The platform did not understand what was sent on the socket.'],
  4401: ['UNAUTHENTICATED', 'The socket was closed before the token was presented.', VALID],
  4403: ['UNAUTHENTICATED', 'The token is worth nothing here.', VALID],
  4410: ['CURSOR_EXPIRED', 'The cursor does not count any more.'],
  4411: ['LAGGED', 'What the platform sent was not read in time.'],
  4429: ['RATE_LIMITED', 'Too much was asked with this token within a minute.'],
  4430: ['TOKEN_ENDED', 'The token has expired or was revoked.', VALID],
};

/** Subscriptions over WebSocket, protocol `graphql-transport-ws`, one connection each. */
export class SocketFeed {
  /** Of the platform, as it said at the first connection: cursors of one log are nothing in another. */
  #log: string | undefined;

  constructor(private readonly options: SocketOptions) {}

  /** Until the platform completes it or `ending` fires. Throws {@link RunledgerError}. */
  async *items<Item>(query: string, variables: object, ending: AbortSignal): AsyncGenerator<Item, void> {
    const { url, token, webSocket, silenceMs } = this.options;
    let letIn = false;
    const patience = new Patience(silenceMs, () => client.terminate());
    const client = createClient({
      url,
      retryAttempts: 0, // the library would ask for the first items again; whoever resumes knows the last one
      keepAlive: silenceMs,
      connectionParams: async () => ({
        authorization: `Bearer ${await token()}`,
        ...(this.#log && { log: this.#log }),
      }),
      on: {
        connecting: () => patience.begin(),
        connected: (_socket, payload) => {
          patience.end();
          letIn = true;
          this.#log ??= logIn(payload);
        },
        ping: isReceived => isReceived || patience.begin(),
        message: () => patience.end(),
      },
      webSocketImpl: heard(webSocket),
    });
    const end = (): void => void client.dispose();
    ending.addEventListener('abort', end);
    try {
      for await (const { data, errors } of client.iterate({ query, variables: { ...variables } })) {
        if (errors) throw errorOf(errors);
        yield data as Item;
      }
    } catch (error) {
      throw this.#renewable(letIn ? feedError(error) : unreached(feedError(error), url), letIn);
    } finally {
      ending.removeEventListener('abort', end);
      patience.end();
      await client.dispose();
    }
  }

  /** A token that counted when the socket was opened, and does not any more, may be exchanged for a fresh one. */
  #renewable(error: RunledgerError, letIn: boolean): RunledgerError {
    const { code, message, more } = error;
    if (code === 'TOKEN_ENDED' && !this.options.isTokenRenewed)
      return new RunledgerError('UNAUTHENTICATED', message, more);
    if (code !== 'UNAUTHENTICATED' || !letIn || !this.options.isTokenRenewed) return error;
    return new RunledgerError('TOKEN_ENDED', message, more);
  }
}

/**
 * A platform that is gone without a word, as one whose machine lost its power or whose way was forgotten by a firewall, leaves its
 * sockets open. Who only listens sends nothing that could fail, and would listen for ever.
 */
class Patience {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly limitMs: number,
    private readonly onOver: () => void,
  ) {}

  begin(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.onOver, this.limitMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * One that is given up before it is open tells of that as an error, when nobody listens any more: a socket of the package `ws` would
 * end the process with it. Whoever gave it up has said why.
 */
function heard(webSocket: typeof WebSocket): typeof WebSocket {
  return class extends webSocket {
    constructor(...parameters: ConstructorParameters<typeof WebSocket>) {
      super(...parameters);
      this.addEventListener('error', () => undefined);
    }
  };
}

/** What `connection_ack` carries. */
function logIn(payload: unknown): string | undefined {
  const { log } = (payload ?? {}) as { readonly log?: unknown };
  return typeof log === 'string' ? log : undefined;
}

/** A connection that was never there is not lost. */
function unreached(error: RunledgerError, url: string): RunledgerError {
  if (error.code !== 'CONNECTION_LOST') return error;
  return new RunledgerError(error.code, `${url} cannot be reached.`, { ...error.more, fix: whyUnreached() });
}

/** Errors of the operation come as a list, the end of the socket as its close event. */
function feedError(error: unknown): RunledgerError {
  if (error instanceof RunledgerError) return error;
  if (Array.isArray(error)) return errorOf(error as readonly ApiError[]);
  const { code } = error as { readonly code?: unknown };
  const closed = typeof code === 'number' ? CLOSED[code] : undefined;
  if (closed) return new RunledgerError(closed[0], closed[1], { fix: closed[2], cause: error });
  return new RunledgerError('CONNECTION_LOST', 'The connection to the platform is lost.', { cause: error });
}
