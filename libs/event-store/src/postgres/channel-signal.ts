import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { ClientConfig } from 'pg';

/** Between two notices; what is appended meanwhile shares one. NOTIFY locks out the whole server's NOTIFYs while it commits. */
const PAUSE_MS = 5;
const SHORTEST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

/**
 * Tells other processes that something is new (the log has grown, a timer was set), and hears it from them, on a channel of
 * PostgreSQL and one connection of its own, after the commit. Only a hint: a lost notice costs time, for whoever listens looks
 * by itself as well, never an event. So nothing here ever throws; problems are reported and the connection is made again
 * until it is closed.
 */
export class ChannelSignal {
  readonly #sender = randomUUID();
  #client: pg.Client | undefined;
  #opening: Promise<void> | undefined;
  #listening = false;
  #dirty = false;
  #soon = false;
  #closed = false;
  #pause: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly config: ClientConfig,
    private readonly channel: string,
    private readonly handlers: { readonly onNews: () => void; readonly onProblem: (error: Error) => void },
  ) {}

  /** From now on `onNews` is called when another process announced something. */
  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    if (this.#client) this.#attempt(this.#client, `listen ${this.channel}`);
    else this.#connect();
  }

  /** This process has something new: told at once after a quiet time, else when the pause is over. */
  announce(): void {
    this.#dirty = true;
    if (this.#pause || this.#soon) return;
    this.#soon = true;
    // What follows here from the append goes out first: it is on somebody's way, and this is only a hint.
    setImmediate(() => setImmediate(() => this.#announceNow()));
  }

  async close(): Promise<void> {
    if (this.#dirty && this.#client) this.#flush();
    this.#closed = true;
    clearTimeout(this.#pause);
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    await Promise.all([this.#opening, this.#last]);
    await client?.end().catch(this.handlers.onProblem);
  }

  #announceNow(): void {
    this.#soon = false;
    if (this.#dirty && !this.#pause && !this.#closed) this.#flush();
  }

  #flush(): void {
    if (!this.#client) return this.#connect();
    this.#dirty = false;
    this.#attempt(this.#client, `notify ${this.channel}, '${this.#sender}'`);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#dirty) this.#flush();
    }, PAUSE_MS);
  }

  #connect(): void {
    if (this.#opening || this.#closed || this.#retry) return;
    this.#opening = this.#open().finally(() => {
      this.#opening = undefined;
    });
  }

  async #open(): Promise<void> {
    const client = new pg.Client({ connectionTimeoutMillis: 10_000, ...this.config });
    client.on('notification', ({ payload }) => {
      if (payload !== this.#sender) this.handlers.onNews();
    });
    client.on('error', error => this.#lost(client, error));
    client.on('end', () => this.#lost(client, undefined));
    try {
      await client.connect();
      if (this.#listening) await client.query(`listen ${this.channel}`);
      await this.#opened(client);
    } catch (error) {
      this.#lost(client, error as Error);
      await client.end().catch(this.handlers.onProblem);
    }
  }

  async #opened(client: pg.Client): Promise<void> {
    if (this.#closed) return client.end();
    this.#client = client;
    this.#failures = 0;
    if (this.#dirty) this.#flush();
    // Whatever was said while nobody listened is not said again.
    this.handlers.onNews();
  }

  #lost(client: pg.Client, error: Error | undefined): void {
    const current = this.#client === client || this.#client === undefined;
    if (!current || this.#closed) return;
    this.#client = undefined;
    if (error) this.handlers.onProblem(error);
    if (this.#retry) return;
    const pause = Math.min(LONGEST_RETRY_MS, SHORTEST_RETRY_MS * 2 ** this.#failures) * (0.75 + Math.random() / 2);
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#connect();
    }, pause);
  }

  /** One statement at a time: the client would only queue the others. */
  #attempt(client: pg.Client, text: string): void {
    this.#last = this.#last.then(() => client.query(text)).catch(this.handlers.onProblem);
  }
}
