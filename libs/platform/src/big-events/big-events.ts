import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { AppendTooLargeError, MAX_APPEND_EVENTS } from '@runledger/event-store';
import type { EventStore, NewEvent, RecordedEvent } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import type { Distribution } from '@runledger/messaging';
import { LRUCache } from 'lru-cache';
import type { BlobStore } from '../blobs/index.js';
import { askedBeforeChange, changedBatches } from '../observed/changed-batches.js';
import { withReplaced } from '../observed/replaced-members.js';

type BlobRef = Awaited<ReturnType<BlobStore['put']>>;

/** Where the big members of an event's data lie, beside the others. No event has a member of this name by itself. */
export interface DataAside {
  readonly $aside: Readonly<Record<string, BlobRef>>;
}

/** Smaller members stay in their event even when the append is too large. */
const BIG_BYTES = 64_000;
/** As JSON; what was read lately is read by several followers. */
const KEPT_BYTES = 32_000_000;

/** The data of an event is not where the event says, or is something else. Readers stop at such an event. */
export class EventDataLostError extends Fault {
  constructor({ id, type, stream }: RecordedEvent, sha256: string, cause?: unknown) {
    super(
      'EVENT_DATA_LOST',
      `The data of ${type} ${id} in ${stream} is not whole in the blob store (${sha256}): restore the blobs that belong to this log.`,
      { cause, fields: { id, type, stream, sha256 } },
    );
  }
}

/**
 * Events that are larger than a store takes, such as the start of a run of 10,000 steps. What is big in their data goes into the
 * blob store under its SHA-256 before the event that names it is appended; readers get it back as it was, so that nobody above
 * knows of it. An append that fits is not looked at.
 */
export class BigEvents {
  readonly #read = new LRUCache<string, { readonly content: unknown }>({ maxSize: KEPT_BYTES });

  constructor(private readonly blobs: BlobStore) {}

  /** The store, for events of any size. */
  around(store: EventStore): EventStore {
    return withReplaced(store, {
      append: async (stream, events, expected) => {
        try {
          return await store.append(stream, events, expected);
        } catch (error) {
          // Nothing was stored. A repeat comes the same way to the same bytes (E1).
          if (!(error instanceof AppendTooLargeError) || events.length > MAX_APPEND_EVENTS) throw error;
          return store.append(stream, await Promise.all(events.map(event => this.#aside(event))), expected);
        }
      },
      readStream: async (stream, options) => this.#whole(await store.readStream(stream, options)),
      readAll: async options => this.#whole(await store.readAll(options)),
      subscribe: options => this.#wholeEach(store.subscribe(askedBeforeChange(options, isAside))),
    });
  }

  /** What follows the log, with whole events. */
  from(distribution: Distribution): Distribution {
    return withReplaced(distribution, {
      subscribe: options => this.#wholeEach(distribution.subscribe(askedBeforeChange(options, isAside))),
    });
  }

  /** One event as it was given to the store; the same one when nothing of it lies beside. Throws {@link EventDataLostError}. */
  async whole(event: RecordedEvent): Promise<RecordedEvent> {
    return isAside(event) ? this.#wholeEvent(event) : event;
  }

  async #aside(event: NewEvent): Promise<NewEvent> {
    const small: [string, unknown][] = [];
    const $aside: Record<string, BlobRef> = {};
    for (const [name, value] of Object.entries(event.data as object)) {
      const json = Buffer.from(JSON.stringify(value) ?? '');
      if (json.length < BIG_BYTES) small.push([name, value]);
      else $aside[name] = await this.blobs.put(json);
    }
    return { ...event, data: { ...Object.fromEntries(small), $aside } satisfies DataAside };
  }

  #wholeEach<Batch extends { readonly events: readonly RecordedEvent[] }>(
    batches: AsyncIterable<Batch>,
  ): AsyncIterable<Batch> {
    return changedBatches(batches, batch => (batch.events.some(isAside) ? this.#whole(batch) : batch));
  }

  async #whole<Slice extends { readonly events: readonly RecordedEvent[] }>(slice: Slice): Promise<Slice> {
    if (!slice.events.some(isAside)) return slice;
    const events: RecordedEvent[] = [];
    for (const event of slice.events) events.push(await this.whole(event));
    return { ...slice, events };
  }

  async #wholeEvent(event: RecordedEvent & { readonly data: DataAside }): Promise<RecordedEvent> {
    const { $aside, ...small } = event.data;
    const big: [string, unknown][] = [];
    for (const [name, { sha256 }] of Object.entries($aside)) big.push([name, await this.#contentOf(event, sha256)]);
    return { ...event, data: { ...small, ...Object.fromEntries(big) } };
  }

  async #contentOf(event: RecordedEvent, sha256: string): Promise<unknown> {
    const known = this.#read.get(sha256);
    if (known) return known.content;
    const json = await this.blobs.get(sha256).then(buffer, (cause: unknown) => {
      throw new EventDataLostError(event, sha256, cause);
    });
    if (createHash('sha256').update(json).digest('hex') !== sha256) throw new EventDataLostError(event, sha256);
    const content: unknown = JSON.parse(json.toString());
    this.#read.set(sha256, { content }, { size: Math.max(1, json.length) });
    return content;
  }
}

function isAside(event: RecordedEvent): event is RecordedEvent & { readonly data: DataAside } {
  const { data } = event;
  return typeof data === 'object' && data !== null && '$aside' in data;
}
