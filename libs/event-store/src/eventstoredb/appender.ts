import type { AppendExpectedRevision, EventData } from '@eventstore/db-client';
import { AppendTooLargeError } from '../append-errors.js';
import type { AppendRequest } from '../append-request.js';
import { START } from '../port.js';
import type { AppendOutcome, ExpectedRevision, Position, StreamRef } from '../port.js';
import type { Connection } from './connection.js';
import type { Echoes } from './echoes.js';
import { appendLimit, toAppendError, typeOf } from './eventstoredb-errors.js';
import type { LogReader } from './log-reader.js';
import { persist } from './patience.js';
import type { Patience } from './patience.js';
import { toWireName } from './stream-names.js';
import { newCallName, toWire } from './wire-events.js';
import type { WireEvent } from './wire-events.js';

/** Events of others that may have come behind ours while we did not know whether ours were stored. */
const OTHERS_MEANWHILE = 1_000;

/** One call of append. Its events and its name stay the same however often it is sent. */
interface Call {
  readonly request: AppendRequest;
  readonly events: readonly EventData[];
  readonly name: string;
}

interface Stored {
  readonly revision: number;
  readonly position: Position | undefined;
}

/**
 * Appends, and finds out what became of an append.
 *
 * W1 What is sent again is sent unchanged: with an exact revision the server then recognises it for certain.
 * W2 With `any` or `exists` it recognises only what it remembers, so before sending again the end of the stream is read.
 * W3 The server answers a repeat like the first time. The first event carries the name of the call that wrote it: when that
 *    is another call, the events had been stored before this one began. Who follows the log hears that by itself (N1).
 */
export class Appender {
  constructor(
    private readonly connection: Connection,
    private readonly reader: LogReader,
    private readonly options: { readonly deadlineMs: number; readonly patience: Patience; readonly echoes: Echoes },
  ) {}

  async append(request: AppendRequest): Promise<AppendOutcome> {
    if (request.events.length === 0) return this.#compare(request);
    const name = newCallName();
    const call: Call = { request, name, events: toWire(request.events, name) };
    const guesses = request.expected === 'any' || request.expected === 'exists';
    const { echoes } = this.options;
    echoes.expect(name, call.events[0]?.id ?? '');
    try {
      return await persist(this.options.patience, async failures => {
        const found = guesses && failures > 0 ? await this.#findStored(call) : undefined;
        return found ?? (await this.#send(call));
      });
    } catch (error) {
      throw toAppendError(error);
    } finally {
      echoes.forget(name);
    }
  }

  async #send(call: Call): Promise<AppendOutcome> {
    const { stream, expected } = call.request;
    const client = await this.connection.client();
    const options = { ...this.connection.callOptions, deadline: this.options.deadlineMs };
    try {
      const result = await client.appendToStream(toWireName(stream), [...call.events], {
        ...options,
        expectedRevision: toWireExpected(expected),
      });
      if (!result.success) return await this.#elsewhere(stream); // so the connection string may ask
      return await this.#judge(call, {
        revision: Number(result.nextExpectedRevision),
        position: result.position?.commit,
      });
    } catch (error) {
      return this.#refusal(call.request, error);
    }
  }

  /** W3. When the events are hidden already, by a deletion since, nothing says otherwise: they are this call's. */
  async #judge({ request, name, events }: Call, stored: Stored): Promise<AppendOutcome> {
    if (stored.position !== undefined && (await this.options.echoes.came(name, stored.position))) {
      return { status: 'appended', revision: stored.revision, position: stored.position };
    }
    const first = stored.revision - events.length + 1;
    const { events: read } = await this.reader.stream(request.stream, {
      from: first,
      backwards: false,
      limit: stored.position === undefined ? events.length : 1,
    });
    const [begin] = read;
    const repeated = begin?.event.revision === first && begin.writtenBy !== name;
    const position = stored.position ?? read.at(-1)?.event.position ?? START;
    return { status: repeated ? 'duplicate' : 'appended', revision: stored.revision, position };
  }

  /** W2 */
  async #findStored({ request, name, events }: Call): Promise<AppendOutcome | undefined> {
    const { events: read } = await this.reader.stream(request.stream, {
      from: 'end',
      backwards: true,
      limit: OTHERS_MEANWHILE + events.length,
    });
    const tail = read.toReversed();
    const begin = tail.findLastIndex(({ event }) => event.id === events[0]?.id);
    const found = begin < 0 ? [] : tail.slice(begin, begin + events.length);
    const last = found.at(-1);
    if (!last || !sameIds(found, events)) return undefined;
    const { revision, position } = last.event;
    return { status: found[0]?.writtenBy === name ? 'appended' : 'duplicate', revision, position };
  }

  async #refusal({ stream, expected, bytes }: AppendRequest, error: unknown): Promise<AppendOutcome> {
    switch (typeOf(error)) {
      case 'wrong-expected-version':
        return this.#elsewhere(stream);
      case 'stream-deleted':
        // With `exists` the server says so of a soft-deleted stream too.
        return expected === 'exists' ? this.#elsewhere(stream) : { status: 'deleted' };
      case 'maximum-append-size-exceeded':
        throw new AppendTooLargeError(
          `An append to ${stream.name}, as this EventStoreDB counts,`,
          bytes,
          appendLimit(error),
        );
      default:
        throw error;
    }
  }

  async #elsewhere(stream: StreamRef): Promise<AppendOutcome> {
    const { state, lastRead } = await this.#tail(stream);
    return state === 'tombstoned' ? { status: 'deleted' } : { status: 'conflict', revision: lastRead };
  }

  /** An append without events only compares, which takes no write. */
  async #compare({ stream, expected }: AppendRequest): Promise<AppendOutcome> {
    const { state, lastRead: revision } = await this.#tail(stream);
    if (state === 'tombstoned') return { status: 'deleted' };
    return fits(expected, revision)
      ? { status: 'appended', revision, position: START }
      : { status: 'conflict', revision };
  }

  #tail(stream: StreamRef) {
    return this.reader.stream(stream, { from: 'end', backwards: true, limit: 1 });
  }
}

/** Whether a stream that ends at `revision` (-1: without events) is where the writer believes it to be. */
export function fits(expected: ExpectedRevision, revision: number): boolean {
  switch (expected) {
    case 'any':
      return true;
    case 'exists':
      return revision >= 0;
    case 'no-stream':
      return revision < 0;
    default:
      return expected === revision;
  }
}

function sameIds(found: readonly WireEvent[], events: readonly EventData[]): boolean {
  return found.length === events.length && found.every(({ event }, index) => event.id === events[index]?.id);
}

function toWireExpected(expected: ExpectedRevision): AppendExpectedRevision {
  switch (expected) {
    case 'any':
      return 'any';
    case 'exists':
      return 'stream_exists';
    case 'no-stream':
      return 'no_stream';
    default:
      return BigInt(expected);
  }
}
