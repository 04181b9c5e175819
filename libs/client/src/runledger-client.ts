import { errorOf, RunledgerError, whyUnreached, type ApiError } from './client-error.js';
import { pause, pauseMs } from './pause.js';
import { resumed, type Cursored, type Delivered } from './resumed.js';
import { SocketFeed } from './socket-feed.js';
import type { TypedDocumentString } from './typed-document-string.js';

export interface ClientOptions {
  /** Where the platform is, without `/graphql`: `https://runledger.example.org`. */
  readonly url: string;
  /** An API token, or the JWT of an identity provider; a function is asked each time, so that it may hand out a fresh one. */
  readonly token: string | (() => string | Promise<string>);
  /** How often a query is asked again when it failed with something that passes; default 5. Mutations are sent once. */
  readonly retries?: number;
  /** Default: the runtime's own. */
  readonly fetch?: typeof fetch;
  /** Default: the runtime's own `WebSocket`, which browsers have, and Node from 22 on. */
  readonly webSocket?: typeof WebSocket;
  /**
   * How long a subscription hears nothing until it asks for a sign of life, and waits for that, before it makes its connection again;
   * default 10,000.
   */
  readonly silenceMs?: number;
  /** Told of what is made up for: a connection that was lost, an answer that came late. */
  readonly onProblem?: (problem: RunledgerError) => void;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Wait until the read models hold everything up to this position: `position` of what a mutation answered with. */
  readonly atLeast?: string;
}

/**
 * Speaks GraphQL with a Runledger platform: typed requests, and subscriptions that go on by themselves. Options that nothing can be
 * asked with are refused with a `TypeError`.
 */
export class RunledgerClient {
  readonly #url: string;
  readonly #fetch: typeof fetch;

  constructor(private readonly options: ClientOptions) {
    this.#url = `${address(options.url)}/graphql`;
    if (!isToken(options.token))
      throw new TypeError('Pass `token`: an API token, a JWT, or a function that returns one.');
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  /** Asks once; a query is asked again while what is wrong passes by itself. Throws {@link RunledgerError}. */
  async request<Result, Variables>(
    document: TypedDocumentString<Result, Variables>,
    variables: Variables,
    options: RequestOptions = {},
  ): Promise<Result> {
    const query = document.toString();
    const retries = isQuery(query) ? (this.options.retries ?? 5) : 0;
    for (let failures = 0; ; failures += 1) {
      try {
        return (await this.#send(query, variables, options)) as Result;
      } catch (error) {
        const mayPass = error instanceof RunledgerError && error.isPassing && !options.signal?.aborted;
        if (!mayPass || failures === retries) throw error;
        this.options.onProblem?.(error);
        await pause(pauseMs(failures + 1, error.more.retryAfterMs), options.signal);
      }
    }
  }

  /**
   * The items of a subscription, from `after` in its variables or its beginning, each once and in order. A connection that is
   * lost is made again, and goes on behind the last item that was handed out: no gap, no repeat. So it does after a reader that
   * was too slow, and with a fresh token where `token` is a function. Ends when `signal` is aborted or the loop is left; throws
   * {@link RunledgerError} for what does not pass: `CURSOR_EXPIRED` above all, after which what you hold has to be read anew.
   */
  subscribe<Result extends Cursored, Variables extends { after?: unknown }>(
    document: TypedDocumentString<Result, Variables>,
    variables: Variables,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Delivered<Result>, void> {
    const { onProblem, token, silenceMs = 10_000 } = this.options;
    const feed = new SocketFeed({
      url: this.#url.replace(/^http/, 'ws'),
      token: () => this.#token(),
      isTokenRenewed: typeof token === 'function',
      webSocket: socketOf(this.options),
      silenceMs,
    });
    const open = (after: string | undefined, ending: AbortSignal) =>
      feed.items<Result>(document.toString(), after === undefined ? variables : { ...variables, after }, ending);
    return resumed(open, { signal, onProblem });
  }

  async #send(query: string, variables: unknown, { signal, atLeast }: RequestOptions): Promise<unknown> {
    const headers = {
      authorization: `Bearer ${await this.#token()}`,
      'content-type': 'application/json',
      ...(atLeast !== undefined && { 'x-at-least-position': atLeast }),
    };
    const body = JSON.stringify({ query, variables });
    const answer = await this.#fetched({ method: 'POST', headers, body, ...(signal && { signal }) });
    const { data, errors } = (await answer.json().catch(() => ({}))) as { data?: unknown; errors?: ApiError[] };
    if (errors) throw errorOf(errors, { retryAfterMs: retryAfter(answer) });
    if (data === undefined) throw unreadable(answer.status);
    return data;
  }

  async #fetched(request: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(this.#url, request);
    } catch (cause) {
      if (request.signal?.aborted) throw cause;
      throw new RunledgerError('CONNECTION_LOST', `${this.#url} cannot be reached.`, { fix: whyUnreached(), cause });
    }
  }

  async #token(): Promise<string> {
    const { token } = this.options;
    return typeof token === 'string' ? token : token();
  }
}

/** Without the slashes at its end. A caller in plain JavaScript may have passed anything, and a browser takes it for a path. */
function address(url: unknown): string {
  if (typeof url === 'string' && /^https?:\/\/[^/]/.test(url)) return url.replace(/\/+$/, '');
  const passed = typeof url === 'string' ? JSON.stringify(url) : String(url);
  throw new TypeError(
    `Pass \`url\`: where the platform is, as in \`http://127.0.0.1:4000\`; ${passed} is no such address.`,
  );
}

function isToken(token: unknown): boolean {
  return typeof token === 'function' || (typeof token === 'string' && token !== '');
}

/** Browsers have one, and Node from 22 on. */
function socketOf({ webSocket = globalThis.WebSocket }: ClientOptions): typeof WebSocket {
  if (typeof webSocket === 'function') return webSocket;
  throw new TypeError(
    'This runtime has no `WebSocket`: pass that of the package `ws` as `webSocket`, or use Node 22 or newer.',
  );
}

/** Documents begin with what they do; a fragment may stand before it only in those that nobody generated. */
function isQuery(text: string): boolean {
  return /^\s*(query\b|\{)/.test(text);
}

function retryAfter(answer: Response): number | undefined {
  const seconds = Number(answer.headers.get('retry-after'));
  return seconds > 0 ? seconds * 1_000 : undefined;
}

/** A proxy in between, or a platform that is just ending. */
function unreadable(status: number): RunledgerError {
  const code = status >= 500 ? 'UNAVAILABLE' : 'UNREADABLE_ANSWER';
  const fix =
    'Look whether `url` is where the platform is: without `/graphql`, and with the path that a proxy puts before it, if any.';
  return new RunledgerError(code, `The answer with status ${status} is none of the platform's GraphQL API.`, { fix });
}
