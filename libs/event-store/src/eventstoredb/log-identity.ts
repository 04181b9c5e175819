import { randomUUID } from 'node:crypto';
import type { Connection } from './connection.js';
import { toAppendError, typeOf } from './eventstoredb-errors.js';
import type { LogReader } from './log-reader.js';
import { persist } from './patience.js';
import type { Patience } from './patience.js';

/** Belongs to no workspace, so it is in no read of the log, and is no system stream, which would take an administrator. */
const STREAM = 'runledger-log';

/** The log's name for itself: the id of the one event in a stream of its own, which whoever asks first writes. */
export class LogIdentity {
  constructor(
    private readonly connection: Connection,
    private readonly reader: LogReader,
    private readonly options: { readonly deadlineMs: number; readonly patience: Patience },
  ) {}

  async get(): Promise<string> {
    return (await this.reader.firstId(STREAM)) ?? (await this.#give());
  }

  /** When two ask at once, one of them writes, and both answer with what was written. */
  async #give(): Promise<string> {
    const id = randomUUID();
    try {
      await persist(this.options.patience, () => this.#write(id));
    } catch (error) {
      if (typeOf(error) !== 'wrong-expected-version') throw toAppendError(error);
    }
    return (await this.reader.firstId(STREAM)) ?? id;
  }

  async #write(id: string): Promise<void> {
    const client = await this.connection.client();
    const event = { id, type: 'LogCreated', contentType: 'application/json', data: {}, metadata: {} } as const;
    await client.appendToStream(STREAM, event, {
      ...this.connection.callOptions,
      deadline: this.options.deadlineMs,
      expectedRevision: 'no_stream',
    });
  }
}
