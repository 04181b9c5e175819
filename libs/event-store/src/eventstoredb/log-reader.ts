import type { AllStreamResolvedEvent, ReadPosition, ResolvedEvent, StreamingRead } from '@eventstore/db-client';
import { LogBehindError } from '../log-behind-error.js';
import { START } from '../port.js';
import type { Position, RecordedEvent, StreamRef } from '../port.js';
import { collect } from './collecting.js';
import type { Collected } from './collecting.js';
import type { Connection } from './connection.js';
import { toReadError, typeOf } from './eventstoredb-errors.js';
import { persist } from './patience.js';
import type { Patience } from './patience.js';
import { toWireName } from './stream-names.js';
import { fromWire } from './wire-events.js';
import type { WireEvent } from './wire-events.js';

/** A piece of the log: every event of the platform after a position and up to `scannedTo`, inclusive. */
export interface Page {
  readonly events: readonly RecordedEvent[];
  /** How far all events were looked at, the server's own included: the position of an event, or where the page began. */
  readonly scannedTo: Position;
  /** Nothing more could be read at that moment. */
  readonly atHead: boolean;
}

/** A piece of one stream. `count` includes what is not ours. */
export interface StreamPage {
  readonly state: 'active' | 'absent' | 'tombstoned';
  readonly events: readonly WireEvent[];
  readonly count: number;
  /** Revisions of the first and the last event read, whoever wrote them; -1 without. */
  readonly firstRead: number;
  readonly lastRead: number;
}

export interface StreamPageRequest {
  readonly from: number | 'start' | 'end';
  readonly backwards: boolean;
  readonly limit: number;
}

interface LogRange {
  readonly fromPosition: ReadPosition;
  readonly direction: 'forwards' | 'backwards';
  readonly maxCount: number;
}

const LARGEST_PAGE_BACKWARDS = 1_000;

/** Longest piece of the log in one page, unless a single event is longer: however large events are, pages fit into memory. */
const MOST_PAGE_BYTES = 8_000_000n;

/** Reads streams and the log through the client, each call bounded in time and repeated when it was interrupted. */
export class LogReader {
  /** The head as it was found last, and the newest event of any kind at that moment. */
  #known = { newest: START, head: START };

  constructor(
    private readonly connection: Connection,
    private readonly options: { readonly silenceMs: number; readonly patience: Patience },
  ) {}

  async page(after: Position, limit: number): Promise<Page> {
    const fromPosition: ReadPosition = after === START ? 'start' : { commit: after, prepare: after };
    // The position is inclusive, so one more, to come beyond the event that stands at it.
    const maxCount = limit + 1;
    // Positions are places in the server's log, in bytes; so is what lies between two of them, but for what was scavenged since.
    const isEnough = (event: AllStreamResolvedEvent) => positionOf(event) - after > MOST_PAGE_BYTES;
    const { events: all, cut } = await this.#all({ fromPosition, direction: 'forwards', maxCount }, isEnough);
    if (all.length === 0 && after > START) await this.#requireNotBehind(after);
    const behind = all.filter(event => positionOf(event) > after);
    const last = behind.at(-1);
    return {
      events: ours(behind).map(({ event }) => event),
      scannedTo: last ? positionOf(last) : after,
      atHead: !cut && all.length < maxCount,
    };
  }

  /** Position of the last event of the platform. The server's own events behind it are looked at once. */
  async head(): Promise<Position> {
    let from: ReadPosition = 'end';
    let newest: Position | undefined;
    for (let maxCount = 8; ; maxCount = Math.min(maxCount * 4, LARGEST_PAGE_BACKWARDS)) {
      const { events: all } = await this.#all({ fromPosition: from, direction: 'backwards', maxCount });
      newest ??= all[0] ? positionOf(all[0]) : START;
      const head = this.#headAmong(all, newest) ?? (all.length < maxCount ? START : undefined);
      if (head !== undefined) {
        this.#known = { newest, head };
        return head;
      }
      const last = all.at(-1)?.event?.position;
      from = last ?? 'start';
    }
  }

  async stream(stream: StreamRef, { from, backwards, limit }: StreamPageRequest): Promise<StreamPage> {
    const fromRevision = typeof from === 'number' ? BigInt(from) : from;
    const direction = backwards ? 'backwards' : 'forwards';
    const options = { ...this.connection.callOptions, fromRevision, direction, maxCount: limit } as const;
    try {
      const { events: read } = await this.#persist(async () =>
        this.#collect<ResolvedEvent>((await this.connection.client()).readStream(toWireName(stream), options)),
      );
      const [firstRead = -1, lastRead = -1] = [read[0], read.at(-1)].map(one => Number(one?.event?.revision ?? -1));
      return { state: 'active', events: ours(read), count: read.length, firstRead, lastRead };
    } catch (error) {
      const nothing = { events: [], count: 0, firstRead: -1, lastRead: -1 };
      if (typeOf(error) === 'stream-not-found') return { state: 'absent', ...nothing };
      if (typeOf(error) === 'stream-deleted') return { state: 'tombstoned', ...nothing };
      throw toReadError(error);
    }
  }

  /** Id of the first event of a stream that is no workspace's; undefined when there is none. */
  async firstId(wireName: string): Promise<string | undefined> {
    return (await this.#one(wireName, 'forwards'))?.id;
  }

  /** Whether the server forgets events of this stream by their number or age. What a deletion has hidden is not meant. */
  async isTruncated(stream: StreamRef): Promise<boolean> {
    const metadata = (await this.#one(`$$${toWireName(stream)}`, 'backwards'))?.data;
    return typeof metadata === 'object' && metadata !== null && ('$maxCount' in metadata || '$maxAge' in metadata);
  }

  async #one(wireName: string, direction: 'forwards' | 'backwards') {
    const fromRevision = direction === 'forwards' ? 'start' : 'end';
    const options = { ...this.connection.callOptions, direction, fromRevision, maxCount: 1 } as const;
    try {
      const { events } = await this.#persist(async () =>
        this.#collect<ResolvedEvent>((await this.connection.client()).readStream(wireName, options)),
      );
      return events[0]?.event;
    } catch (error) {
      if (typeOf(error) === 'stream-not-found') return undefined;
      throw toReadError(error);
    }
  }

  /** Refuses to go on from a position that the log has not reached. */
  async #requireNotBehind(after: Position): Promise<void> {
    const { events } = await this.#all({ fromPosition: 'end', direction: 'backwards', maxCount: 1 });
    const [newest] = events;
    const end = newest ? positionOf(newest) : START;
    if (end < after) throw new LogBehindError('A reader', after, end);
  }

  #headAmong(all: readonly AllStreamResolvedEvent[], newest: Position): Position | undefined {
    for (const one of all) {
      const known = fromWire(one);
      if (known) return known.event.position;
      // Seen before, unless the log was replaced by a shorter one.
      if (positionOf(one) <= this.#known.newest && this.#known.newest <= newest) return this.#known.head;
    }
    return undefined;
  }

  async #all(range: LogRange, isEnough?: (event: AllStreamResolvedEvent) => boolean) {
    const options = { ...this.connection.callOptions, ...range };
    try {
      return await this.#persist(async () =>
        this.#collect<AllStreamResolvedEvent>((await this.connection.client()).readAll(options), isEnough),
      );
    } catch (error) {
      throw toReadError(error);
    }
  }

  #persist<T>(attempt: () => Promise<T>): Promise<T> {
    return persist(this.options.patience, attempt);
  }

  async #collect<E>(reading: StreamingRead<E>, isEnough?: (event: E) => boolean): Promise<Collected<E>> {
    const { silenceMs, patience } = this.options;
    return collect(reading, { silenceMs, signal: patience.signal, isEnough });
  }
}

function ours(read: readonly (ResolvedEvent | AllStreamResolvedEvent)[]): WireEvent[] {
  return read.map(fromWire).filter(event => event !== undefined);
}

function positionOf({ event }: AllStreamResolvedEvent): Position {
  return event?.position?.commit ?? START;
}
