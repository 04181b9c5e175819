import type { ExecutionResult } from 'graphql';
import type { SourceEvent } from './item-encoder.js';
import type { Outbox } from './outbox.js';

export interface LiveOptions {
  /** Of the operation, as the client chose it. */
  readonly id: string;
  readonly outbox: Outbox;
  /** An item as JSON, answered by the operation. */
  readonly encode: (event: SourceEvent) => Promise<string>;
  /** The cursor that the subscription was given was worth nothing. */
  readonly onExpired: () => void;
  /** It ends before its first item: its reader shall not take that for the end of what there is. */
  readonly onCutShort: () => void;
}

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
  readonly #prefix: string;
  #ended = false;
  #lastWord: Promise<void> | undefined;
  #last: { readonly field: string; readonly cursor: string } | undefined;

  constructor(
    private readonly source: AsyncIterableIterator<SourceEvent>,
    private readonly options: LiveOptions,
  ) {
    this.#prefix = `{"id":${JSON.stringify(options.id)},"type":"next","payload":`;
  }

  async run(): Promise<void> {
    const { outbox } = this.options;
    const forget = outbox.whenLagging(() => (this.#lastWord ??= this.#sayLastWord()));
    try {
      while (!this.#ended) {
        const next = await this.source.next();
        if (next.done || this.#ended) return;
        if ((await this.#deliver(next.value)) !== 'sent') return;
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

  async #deliver(event: SourceEvent) {
    const text = `${this.#prefix}${await this.options.encode(event)}}`;
    if (this.#ended) return 'closed';
    const [[field, item] = ['', {}]] = Object.entries(event) as [string, Item][];
    if (item.cursor !== undefined) this.#last = { field, cursor: item.cursor };
    if (item.__typename === 'CursorExpired') this.options.onExpired();
    return this.options.outbox.send(text);
  }

  /** Everything that was sent before it arrives before it: `resumeFrom` is the cursor that the reader will have then. */
  async #sayLastWord(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const { onCutShort, encode, outbox } = this.options;
    if (this.#last) {
      const { field, cursor: resumeFrom } = this.#last;
      const text = await encode({ [field]: { __typename: 'Lagged', resumeFrom } });
      await outbox.send(`${this.#prefix}${text}}`);
    } else {
      onCutShort();
    }
    await this.source.return?.();
  }
}
