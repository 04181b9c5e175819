import type { ServerResponse } from 'node:http';

/** Before that an answer is one piece of JSON. */
const STREAM_AFTER_MS = 5_000;
/** Shorter than anybody on the way takes a silent connection for a dead one. */
const BEAT_MS = 10_000;

/**
 * The answer to a request that may take long: after a while it becomes a stream of events, so that nobody on the way, and no client that counts
 * what it hears, gives it up.
 */
export class SlowAnswer {
  #timer: NodeJS.Timeout | undefined;
  #beats = 0;

  /** `token`: under which the client wants to hear of progress. */
  constructor(
    private readonly response: ServerResponse,
    isStreamed: boolean,
    private readonly token: string | number | undefined,
  ) {
    if (isStreamed) this.#timer = setTimeout(() => this.#stream(), STREAM_AFTER_MS);
  }

  end(body: object): void {
    this.stop();
    const { response } = this;
    if (response.headersSent) response.end(eventOf(body));
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  /** Nobody waits for it. */
  drop(): void {
    this.stop();
    if (!this.response.headersSent) this.response.writeHead(202);
    this.response.end();
  }

  /** Nothing more is said. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #stream(): void {
    this.response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#beat();
  }

  #beat(): void {
    if (this.response.destroyed) return this.stop();
    this.#beats += 1;
    const params = { progressToken: this.token, progress: this.#beats };
    const news = { jsonrpc: '2.0', method: 'notifications/progress', params };
    this.response.write(this.token === undefined ? ': at work\n\n' : eventOf(news));
  }
}

function eventOf(message: object): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`;
}
