import { channel } from 'node:diagnostics_channel';
import type { ExecutionResult } from 'graphql';
import type { Encoded, SourceEvent } from './item-encoder.js';
import type { Outbox, Sent } from './outbox.js';

export interface LiveOptions {
  /** Of the operation, as the client chose it. */
  readonly id: string;
  readonly outbox: Outbox;
  /** An item as JSON, answered by the operation. */
  readonly encode: (event: SourceEvent) => Encoded;
  /** The cursor that the subscription was given was worth nothing. */
  readonly onExpired: () => void;
  /** It ends before its first item: its reader shall not take that for the end of what there is. */
  readonly onCutShort: () => void;
}

/** Told of each item, `{ json, subscription }`, when it is written to a socket, for whoever measures this process from outside. */
const written = channel('runledger:items');

/** Of a message. */
const END = Buffer.from('}');

interface Item {
  readonly __typename?: string;
  readonly cursor?: string;
}

/**
 * Brings what a subscription's source delivers to its reader, one item after the other, and asks the source for the next one when the
 * reader has room for it. It yields nothing itself, and is done when the source is. Can be ended while it waits.
 *
 * G1: whatever stops it, the reader has the cursor of the last item that was sent, or is told with its last item where to go on.
 */
export function liveItems(
  source: AsyncIterableIterator<SourceEvent>,
  options: LiveOptions,
): AsyncGenerator<ExecutionResult, undefined> {
  const delivery = new Delivery(source, options);
  return {
    next: async () => {
      await delivery.run();
      return { done: true, value: undefined };
    },
    return: async () => {
      await delivery.end();
      return { done: true, value: undefined };
    },
    throw: async error => {
      await delivery.end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: () => delivery.end(),
  };
}

class Delivery {
  /** Of a message, up to its item. */
  readonly #start: Buffer;
  #ended = false;
  #lastWord: Promise<void> | undefined;
  #last: { readonly field: string; readonly cursor: string } | undefined;

  constructor(
    private readonly source: AsyncIterableIterator<SourceEvent>,
    private readonly options: LiveOptions,
  ) {
    this.#start = Buffer.from(`{"id":${JSON.stringify(options.id)},"type":"next","payload":`);
  }

  async run(): Promise<void> {
    const { outbox } = this.options;
    const forget = outbox.whenLagging(() => (this.#lastWord ??= this.#sayLastWord()));
    try {
      while (!this.#ended) {
        const next = await this.source.next();
        if (next.done || this.#ended) return;
        const sent = this.#deliver(next.value);
        // What was answered for another reader, and can be written, is on its way by now.
        if ((typeof sent === 'string' ? sent : await sent) !== 'sent') return;
      }
    } finally {
      forget();
      await this.#lastWord;
      await this.end();
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.source.return?.();
  }

  #deliver(event: SourceEvent): Sent | Promise<Sent> {
    const encoded = this.options.encode(event);
    return encoded instanceof Promise ? encoded.then(json => this.#write(event, json)) : this.#write(event, encoded);
  }

  #write(event: SourceEvent, json: Buffer): Sent | Promise<Sent> {
    if (this.#ended) return 'closed';
    const [field = ''] = Object.keys(event);
    const item = (event[field] ?? {}) as Item;
    if (item.cursor !== undefined) this.#last = { field, cursor: item.cursor };
    if (item.__typename === 'CursorExpired') this.options.onExpired();
    if (written.hasSubscribers) written.publish({ json, subscription: this });
    return this.options.outbox.sendParts([this.#start, json, END]);
  }

  /** Everything that was sent before it arrives before it: `resumeFrom` is the cursor that the reader will have then. */
  async #sayLastWord(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const { onCutShort, encode, outbox } = this.options;
    if (this.#last) {
      const { field, cursor: resumeFrom } = this.#last;
      const json = await encode({ [field]: { __typename: 'Lagged', resumeFrom } });
      await outbox.sendParts([this.#start, json, END]);
    } else {
      onCutShort();
    }
    await this.source.return?.();
  }
}
