import { randomUUID } from 'node:crypto';
import type { ClientConfig } from 'pg';
import { WatchedClient } from './watched-client.js';

/** Between two notices; what is appended meanwhile shares one. NOTIFY locks out the whole server's NOTIFYs while it commits. */
const PAUSE_MS = 5;
/** One answer does for whoever asks: the others wait this long at most, and keep theirs when they hear it. */
const ANSWER_MS = 100;
/** Who has heard nothing of others for so long asks again whether they are there. */
const ASK_AGAIN_MS = 60_000;
/** A notice takes a moment: who has no answer to it by then speaks to nobody. */
const SAID_WITHIN_MS = 10_000;

const SHORTEST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

/** What is said, before the name of who says it. */
type Kind = 'news' | 'hello' | 'ask' | 'here';

/**
 * Tells other processes that something is new (the log has grown, a timer was set), and hears it from them, on a channel of
 * PostgreSQL and one connection of its own, after the commit. Only a hint: a lost notice costs time, for whoever listens looks
 * by itself as well, never an event. So nothing here ever throws; problems are reported and the connection is made again
 * until it is closed.
 *
 * A notice is a transaction and wakes three processes: more than the hint is worth where nobody else listens, as on most machines.
 * So whoever begins to listen says hello, who only has news asks who does, whoever listens answers, and who hears nobody keeps
 * its news:
 * N1 Only who has its own question back, and no answer in time, may find that nobody listens. Until then it tells its news.
 * N2 Who hears of somebody tells at once what it has kept since. What was stored before the other began to listen is none of
 *    that: the other looks by itself once it listens.
 */
export class ChannelSignal {
  readonly #sender = randomUUID();
  #client: WatchedClient | undefined;
  #opening: Promise<void> | undefined;
  #listening = false;
  #dirty = false;
  #soon = false;
  #closed = false;
  /** From then on nobody else listens, unless somebody answers before; undefined: somebody may. */
  #aloneFrom: number | undefined;
  #heardSinceAsked = false;
  #heardAt = 0;
  /** There was news that nobody was told. */
  #kept = false;
  #answer: NodeJS.Timeout | undefined;
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
    if (this.#client) this.#ask(this.#client);
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
    clearTimeout(this.#answer);
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
    const client = this.#client;
    if (!client) return this.#connect();
    this.#dirty = false;
    const now = performance.now();
    this.#kept = this.#aloneFrom !== undefined && now >= this.#aloneFrom;
    if (this.#kept) return;
    if (now - this.#heardAt > ASK_AGAIN_MS) this.#ask(client);
    this.#say(client, 'news');
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
    const client = new WatchedClient({ ...this.config, statementsEndWithinMs: SAID_WITHIN_MS });
    client.on('notification', ({ payload = '' }) => this.#hear(client, payload));
    client.on('error', error => this.#lost(client, error));
    client.on('end', () => this.#lost(client, undefined));
    try {
      await client.connect();
      await client.query(`listen ${this.channel}`);
      await this.#opened(client);
    } catch (error) {
      this.#lost(client, error as Error);
      await client.end().catch(this.handlers.onProblem);
    }
  }

  async #opened(client: WatchedClient): Promise<void> {
    if (this.#closed) return client.end();
    this.#client = client;
    this.#failures = 0;
    this.#ask(client);
    if (this.#dirty) this.#flush();
    // Whatever was said while nobody listened is not said again.
    if (this.#listening) this.handlers.onNews();
  }

  /** Is anybody there? Until this has come back, somebody may be (N1). */
  #ask(client: WatchedClient): void {
    this.#aloneFrom = undefined;
    this.#heardSinceAsked = false;
    this.#heardAt = performance.now();
    this.#say(client, this.#listening ? 'hello' : 'ask');
  }

  #hear(client: WatchedClient, payload: string): void {
    if (this.#closed) return;
    const [kind, sender] = payload.split(' ') as [Kind, string | undefined];
    const isOwn = sender === this.#sender;
    switch (kind) {
      case 'news':
        if (!isOwn && this.#listening) this.handlers.onNews();
        return;
      case 'ask':
      case 'hello':
        if (isOwn && !this.#heardSinceAsked) this.#aloneFrom = performance.now() + 2 * ANSWER_MS;
        if (!isOwn) this.#answerSoon(client);
        if (!isOwn && kind === 'hello') this.#meet();
        return;
      case 'here':
        if (isOwn) return;
        this.#answer = void clearTimeout(this.#answer);
        this.#meet();
    }
  }

  /** Somebody listens (N2). */
  #meet(): void {
    this.#aloneFrom = undefined;
    this.#heardSinceAsked = true;
    this.#heardAt = performance.now();
    if (this.#kept) this.announce();
  }

  #answerSoon(client: WatchedClient): void {
    this.#answer ??= setTimeout(() => {
      this.#answer = undefined;
      if (this.#client === client && this.#listening) this.#say(client, 'here');
    }, Math.random() * ANSWER_MS);
  }

  #say(client: WatchedClient, kind: Kind): void {
    this.#attempt(client, `notify ${this.channel}, '${kind} ${this.#sender}'`);
  }

  #lost(client: WatchedClient, error: Error | undefined): void {
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
  #attempt(client: WatchedClient, text: string): void {
    this.#last = this.#last.then(() => client.query(text)).catch(this.handlers.onProblem);
  }
}
