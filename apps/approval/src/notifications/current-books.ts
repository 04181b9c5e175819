import type { CommandHandler, Position, RecordedEvent } from '@runledger/event-store';
import { LRUCache } from 'lru-cache';
import { channelBook } from './channel-books.js';
import type { ChannelBook } from './channels.decider.js';

interface Known {
  /** The latest event that was there when the book was asked for. */
  readonly upTo: Position;
  readonly book: Promise<ChannelBook>;
}

const MOST_WORKSPACES = 1_000;

/**
 * The channels of a workspace for whoever reacts to one event after the other. A book that was read when a later event was in the log
 * already has every channel that was there before an earlier one; so those who come together, as a batch does, share one read.
 */
export class CurrentBooks {
  readonly #known = new LRUCache<string, Known>({ max: MOST_WORKSPACES });
  /** Latest events of those who ask in this turn; their books are read in the next one. */
  readonly #asked = new Map<string, { upTo: Position; readonly book: Promise<ChannelBook> }>();

  constructor(private readonly handler: CommandHandler) {}

  /** The channels at the time of the event, or later. */
  at({ tenant, position }: Pick<RecordedEvent, 'tenant' | 'position'>): Promise<ChannelBook> {
    const asked = this.#asked.get(tenant);
    if (asked) {
      if (position > asked.upTo) asked.upTo = position;
      return asked.book;
    }
    const known = this.#known.get(tenant);
    if (known && position <= known.upTo) return known.book;
    const book = new Promise(resolve => setImmediate(resolve)).then(() => this.#read(tenant));
    this.#asked.set(tenant, { upTo: position, book });
    return book;
  }

  #read(tenant: string): Promise<ChannelBook> {
    const { upTo = 0n } = this.#asked.get(tenant) ?? {};
    this.#asked.delete(tenant);
    const book = channelBook(this.handler, tenant);
    const known = { upTo, book };
    this.#known.set(tenant, known);
    // Who tries again reads again.
    book.catch(() => {
      if (this.#known.peek(tenant) === known) this.#known.delete(tenant);
    });
    return book;
  }
}
