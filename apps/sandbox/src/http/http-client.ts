import { Agent as PlainAgent, request as requestPlainly } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as requestOverTls } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { HeaderList } from './header-list.js';
import type { HeaderSource } from './header-list.js';
import { HttpAnswer } from './http-answer.js';
import { ConnectTimeoutError, RedirectRefusedError, SilentPeerError } from './http-faults.js';
import { unpackedBody, UNDERSTOOD_ENCODINGS } from './unpacked-body.js';

export interface HttpInit {
  /** Default: GET. */
  readonly method?: string;
  readonly headers?: HeaderSource;
  readonly body?: string | Uint8Array;
  /** Ends the request, and the reading of its answer, with its reason. */
  readonly signal?: AbortSignal | null;
  /** Default: `error`, which throws {@link RedirectRefusedError}; `manual` answers with the redirect. None is ever followed. */
  readonly redirect?: 'error' | 'manual';
}

export interface HttpOptions {
  /** What every name leads to. Left out: what the system says, and a proxy where Node.js was told to use those of the environment. */
  readonly lookup?: LookupFunction;
  /** Whether answers may come packed; default: true. Short pieces that somebody waits for come sooner as they are. */
  readonly packed?: boolean;
  /** How long the other side may say nothing, before an answer and in the middle of one; default: 300,000 ms. */
  readonly idleMs?: number;
}

/** As {@link HttpClient.fetch}. */
export type HttpFetch = (address: string | URL, init?: HttpInit) => Promise<HttpAnswer>;

const CONNECT_MS = 10_000;
/** A connection that nobody uses: servers close theirs after 5 s and more, and a request that meets the end of one is lost. */
const KEPT_MS = 4_000;
const IDLE_MS = 300_000;
const FAILED = 'fetch failed'; // as `fetch` says it: libraries know by it that nobody answered

/**
 * Asks over HTTP as `fetch` does, by the parser that Node.js has anyway: that of `fetch` is WebAssembly, and takes 12 MB more in each process
 * that asks anybody. Connections are kept for the next request. It throws `TypeError` with the cause where nobody answered.
 */
export class HttpClient {
  #plain: PlainAgent | undefined;
  #tls: TlsAgent | undefined;

  constructor(private readonly options: HttpOptions = {}) {}

  get #idleMs(): number {
    return this.options.idleMs ?? IDLE_MS;
  }

  async fetch(address: string | URL, init: HttpInit = {}): Promise<HttpAnswer> {
    const { signal, redirect = 'error' } = init;
    signal?.throwIfAborted();
    const asking = new Asking(this.#request(new URL(address), init), this.#idleMs);
    const abort = (): void => asking.stop(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    asking.over(() => signal?.removeEventListener('abort', abort));
    try {
      const message = await asking.answer();
      if (redirect === 'error') refuseRedirect(message);
      return new HttpAnswer(String(address), message, await asking.content(message));
    } catch (error) {
      asking.stop(error as Error);
      signal?.throwIfAborted();
      throw error instanceof RedirectRefusedError ? error : new TypeError(FAILED, { cause: error });
    }
  }

  /** For libraries that want to be given one. They find in the answer what they use of it. */
  asFetch(): typeof globalThis.fetch {
    const ask: HttpFetch = (address, init) => this.fetch(address, init);
    return ask as unknown as typeof globalThis.fetch;
  }

  /** Closes what is open of connections of its own, used or not. */
  close(): void {
    this.#plain?.destroy();
    this.#tls?.destroy();
  }

  /** Undefined: that of Node.js. Each is made when it is needed: that of TLS loads all of it. */
  #agentFor(isTls: boolean): PlainAgent | TlsAgent | undefined {
    const { lookup } = this.options;
    if (!lookup) return undefined;
    const kept = { keepAlive: true, timeout: KEPT_MS, lookup };
    return isTls ? (this.#tls ??= new TlsAgent(kept)) : (this.#plain ??= new PlainAgent(kept));
  }

  #request(url: URL, { method = 'GET', headers, body }: HttpInit): ClientRequest {
    const isTls = url.protocol === 'https:';
    if (!isTls && url.protocol !== 'http:') throw new TypeError(`${url.protocol} is neither http: nor https:.`);
    if (url.username !== '' || url.password !== '')
      throw new TypeError('An address must hold no name and no password.');
    const list = new HeaderList({
      accept: '*/*',
      'user-agent': 'runledger',
      'accept-encoding': this.options.packed === false ? 'identity' : UNDERSTOOD_ENCODINGS,
    });
    for (const [name, value] of new HeaderList(headers)) list.set(name, value);
    const options: RequestOptions = {
      ...{ method, headers: Object.fromEntries(list), timeout: this.#idleMs },
      agent: this.#agentFor(isTls),
    };
    const request = isTls ? requestOverTls(url, options) : requestPlainly(url, options);
    return request.end(body);
  }
}

/** One request from its beginning to the end of its answer. */
class Asking {
  #content: Readable | undefined;

  constructor(
    private readonly request: ClientRequest,
    idleMs: number,
  ) {
    request.once('socket', socket => {
      if (!socket.connecting) return;
      const late = (): void => this.stop(new ConnectTimeoutError(request.host, CONNECT_MS));
      const timer = setTimeout(late, CONNECT_MS);
      const event = request.protocol === 'https:' ? 'secureConnect' : 'connect';
      for (const known of [event, 'close']) socket.once(known, () => clearTimeout(timer));
    });
    request.on('timeout', () => this.stop(new SilentPeerError(request.host, idleMs)));
  }

  answer(): Promise<IncomingMessage> {
    const { request } = this;
    return new Promise((resolve, reject) => {
      request.once('response', resolve);
      request.on('error', reject);
      request.once('close', () => reject(new Error('The connection was closed before an answer came.')));
    });
  }

  async content(message: IncomingMessage): Promise<Readable> {
    this.#content = message;
    this.#content = await unpackedBody(message);
    this.#content.on('error', toldToTheReader);
    return this.#content;
  }

  /** What is read of it ends with this error. */
  stop(error: Error): void {
    this.#content?.destroy(error);
    this.request.destroy(error);
  }

  over(listener: () => void): void {
    this.request.once('close', listener);
  }
}

function refuseRedirect({ statusCode = 0, headers }: IncomingMessage): void {
  if (statusCode < 300 || statusCode >= 400 || statusCode === 304) return;
  throw new RedirectRefusedError(statusCode, placeOf(headers.location));
}

/** Parameters may be secret. */
function placeOf(location: string | undefined): string | undefined {
  return location?.replace(/[?#].*$/s, '');
}

/** Also if there is none any more. */
function toldToTheReader(): void {}
