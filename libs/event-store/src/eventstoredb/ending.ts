import { START } from '../port.js';
import type { AppendOutcome, ExpectedRevision, StreamRef } from '../port.js';
import { fits } from './appender.js';
import type { Connection } from './connection.js';
import { actualRevision, toAppendError, typeOf } from './eventstoredb-errors.js';
import type { LogReader } from './log-reader.js';
import { persist } from './patience.js';
import type { Patience } from './patience.js';
import { toWireName } from './stream-names.js';

/** How often a stream may move under our hands before we say so. */
const MOST_MOVES = 50;

/** Nothing was added, and nothing of the stream can be read. */
const ENDED: AppendOutcome = { status: 'appended', revision: -1, position: START };

/** The last revision to name to the server, or that there is none. */
type Exact = number | 'no-stream';

export interface EndingRequest {
  readonly stream: StreamRef;
  readonly expected: ExpectedRevision;
  readonly forEver: boolean;
}

/**
 * Soft delete and tombstone. The server checks only an exact revision in the way of the port, so the stream is looked at
 * first, and then ended at exactly the revision that was seen: when it has moved meanwhile, from the beginning.
 */
export class Ending {
  constructor(
    private readonly connection: Connection,
    private readonly reader: LogReader,
    private readonly options: { readonly deadlineMs: number; readonly patience: Patience },
  ) {}

  async end(request: EndingRequest): Promise<AppendOutcome> {
    try {
      return await persist(this.options.patience, () => this.#end(request));
    } catch (error) {
      throw toAppendError(error);
    }
  }

  async #end({ stream, expected, forEver }: EndingRequest): Promise<AppendOutcome> {
    let hidden: number | undefined;
    let revision = -1;
    for (let moves = 0; moves < MOST_MOVES; moves += 1) {
      const tail = await this.reader.stream(stream, { from: 'end', backwards: true, limit: 1 });
      revision = tail.lastRead;
      if (tail.state === 'tombstoned') return forEver ? ENDED : { status: 'deleted' };
      // Revisions of a stream without visible events are known to the server only.
      const unseen = revision < 0 && typeof expected === 'number';
      if (!unseen && !fits(expected, revision)) return { status: 'conflict', revision };
      if (!unseen && revision < 0 && !forEver) return ENDED;
      const at: Exact = unseen ? expected : revision >= 0 ? revision : (hidden ?? 'no-stream');
      const moved = await this.#send(stream, at, forEver);
      if (moved === undefined) return ENDED;
      if (unseen) return { status: 'conflict', revision };
      hidden = moved < 0 ? undefined : moved;
    }
    return { status: 'conflict', revision };
  }

  /** Answers where the stream is when it is not at this revision. */
  async #send(stream: StreamRef, at: Exact, forEver: boolean): Promise<number | undefined> {
    const client = await this.connection.client();
    const expectedRevision = at === 'no-stream' ? 'no_stream' : BigInt(at);
    const options = { ...this.connection.callOptions, deadline: this.options.deadlineMs, expectedRevision } as const;
    try {
      if (forEver) await client.tombstoneStream(toWireName(stream), options);
      else await client.deleteStream(toWireName(stream), options);
      return undefined;
    } catch (error) {
      if (typeOf(error) === 'wrong-expected-version') return actualRevision(error);
      if (typeOf(error) === 'stream-deleted') return -1; // the next look says so
      throw error;
    }
  }
}
