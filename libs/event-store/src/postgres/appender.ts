import type { Pool } from 'pg';
import { EventIdReusedError } from '../append-errors.js';
import type { AppendRequest } from '../append-request.js';
import type { AppendOutcome, ExpectedRevision, StreamRef } from '../port.js';
import { int4Array, int8Array, jsonArray, textArray, uuidArray } from './binary-array.js';
import { inSchema } from './migrate.js';
import { run } from './session.js';
import type { Statement } from './session.js';
import { toAppendError } from './store-errors.js';

/** An outcome, or the fault that one append of a flight deserves. */
export type Landing = AppendOutcome | EventIdReusedError;

/** Sends appends to the functions of 0002-append.sql. */
export class Appender {
  readonly #append: Statement;
  readonly #end: Statement;

  constructor(
    private readonly pool: Pool,
    private readonly options: { readonly schema: string; readonly serialize: boolean },
  ) {
    const { schema } = options;
    this.#append = {
      name: 'runledger-append',
      text: inSchema('select * from runledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', schema),
    };
    this.#end = { name: 'runledger-end', text: inSchema('select * from runledger.end_stream($1, $2, $3, $4)', schema) };
  }

  /** One transaction for several appends to different streams, sorted by (tenant, name). Landings come in the same order. */
  async fly(requests: readonly AppendRequest[]): Promise<Landing[]> {
    const events = requests.flatMap(request => request.events);
    const appends = requests.flatMap((request, index) => request.events.map(() => index + 1));
    const places = requests.flatMap(request => request.events.map((_, index) => index + 1));
    const rows = await this.#run(this.#append, [
      textArray(requests.map(({ stream }) => stream.tenant)),
      textArray(requests.map(({ stream }) => stream.name)),
      int8Array(requests.map(({ expected }) => toNumber(expected))),
      int4Array(requests.map(request => request.events.length)),
      int4Array(appends),
      int4Array(places),
      uuidArray(events.map(({ id }) => id)),
      textArray(events.map(({ type }) => type)),
      textArray(events.map(({ correlationId }) => correlationId)),
      jsonArray(events.map(({ data }) => data)),
      jsonArray(events.map(({ metadata }) => metadata)),
      this.options.serialize,
    ]);
    return rows.map((row, index) => toLanding(row, requests[index]?.stream.name ?? ''));
  }

  async end(stream: StreamRef, expected: ExpectedRevision, forEver: boolean): Promise<AppendOutcome> {
    const values = [stream.tenant, stream.name, toNumber(expected), forEver];
    const [row = []] = await this.#run(this.#end, values);
    const landing = toLanding(row, stream.name);
    if (landing instanceof Error) throw landing;
    return landing;
  }

  async #run(statement: Statement, values: readonly unknown[]) {
    try {
      return await run(this.pool, statement, values);
    } catch (error) {
      throw toAppendError(error);
    }
  }
}

function toNumber(expected: ExpectedRevision): number {
  switch (expected) {
    case 'no-stream':
      return -1;
    case 'any':
      return -2;
    case 'exists':
      return -4;
    default:
      return expected;
  }
}

function toLanding(row: readonly (string | null)[], stream: string): Landing {
  const [status, revisionText, positionText] = row;
  const revision = Number(revisionText);
  switch (status) {
    case 'appended':
    case 'duplicate':
      return { status, revision, position: BigInt(positionText ?? 0) };
    case 'conflict':
      return { status, revision };
    case 'deleted':
      return { status };
    case 'reused':
      return new EventIdReusedError(stream);
    default:
      throw new TypeError(`The append function answered "${status}" for ${stream}.`);
  }
}
