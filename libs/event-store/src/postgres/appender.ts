import type { Pool } from 'pg';
import { EventIdReusedError } from '../append-errors.js';
import type { AppendRequest, EncodedEvent } from '../append-request.js';
import type { AppendOutcome, ExpectedRevision, Position, StreamRef } from '../port.js';
import { int4Array, int8Array, jsonArray, textArray, uuidArray } from './binary-array.js';
import { toIso } from './event-rows.js';
import type { Row } from './event-rows.js';
import type { StoredAppend } from './stored-append.js';
import { inSchema } from './migrate.js';
import { run } from './session.js';
import type { Statement } from './session.js';
import { appendStatement } from './statements/append-statement.js';
import { isDenied, isUniqueViolation, toAppendError } from './store-errors.js';

/** What became of one append of a flight; an `Error` is meant for that append alone. */
export type Landing = AppendOutcome | Error;

export interface Flown {
  /** One for each request, in their order. */
  readonly landings: readonly Landing[];
  /** The appends of which it is known where each of their events came to lie. */
  readonly stored: readonly StoredAppend[];
}

/**
 * Sends appends to PostgreSQL: first on the short way, a statement that stores those that are right about their streams;
 * what it leaves is judged one by one, exactly (0002-append.sql). A role that may not write the tables goes by way of the
 * functions that look whose streams these are (roles/service-roles.sql); only its first append learns that.
 */
export class Appender {
  #statements: Statements;
  readonly #ofServices: Statements;

  constructor(
    private readonly pool: Pool,
    private readonly options: { readonly schema: string; readonly serialize: boolean },
  ) {
    this.#statements = statementsFor(options.schema);
    this.#ofServices = serviceStatementsFor(options.schema);
  }

  /** Appends to different streams, sorted by (tenant, name). */
  async fly(requests: readonly AppendRequest[]): Promise<Flown> {
    const stored = this.options.serialize ? [] : await this.#storeExpected(requests);
    if (stored.length === requests.length) return { landings: stored.map(appended), stored };
    const outcomes = new Map(stored.map(append => [append.request, appended(append)]));
    const landings: Landing[] = [];
    for (const request of requests) {
      landings.push(outcomes.get(request) ?? (await this.#judge(request).catch(toAppendError)));
    }
    return { landings, stored };
  }

  async end(stream: StreamRef, expected: ExpectedRevision, forEver: boolean): Promise<AppendOutcome> {
    try {
      const values = [stream.tenant, stream.name, toNumber(expected), forEver];
      const [row = []] = await this.#run('end', values);
      return toOutcome(row, stream.name);
    } catch (error) {
      throw toAppendError(error);
    }
  }

  /** Those that were stored, in order. Rejects when all of them must be tried alone. */
  async #storeExpected(requests: readonly AppendRequest[]): Promise<StoredAppend[]> {
    try {
      const [only] = requests;
      return requests.length === 1 && only ? await this.#storeOne(only) : await this.#storeMany(requests);
    } catch (error) {
      if (isUniqueViolation(error) && requests.length === 1) return [];
      throw toAppendError(error);
    }
  }

  async #storeOne(request: AppendRequest): Promise<StoredAppend[]> {
    const { stream, expected, events } = request;
    if (events.length === 0) return [];
    if (expected === 'any' || expected === 'exists') return this.#storeMany([request]);
    const revision = toNumber(expected);
    const values = [stream.tenant, stream.name, revision, events.length, ...columnsOf(events)];
    const rows = await this.#run(revision < 0 ? 'first' : 'next', values);
    if (rows.length === 0) return [];
    const positions = rows.map(([position]) => BigInt(position ?? 0));
    return [{ request, first: revision + 1, positions, recordedAt: toIso(rows[0]?.[1]) }];
  }

  async #storeMany(requests: readonly AppendRequest[]): Promise<StoredAppend[]> {
    const [row = []] = await this.#run('flight', [
      textArray(requests.map(({ stream }) => stream.tenant)),
      textArray(requests.map(({ stream }) => stream.name)),
      int8Array(requests.map(({ expected }) => toNumber(expected))),
      int4Array(requests.map(({ events }) => events.length)),
      ...columnsOf(requests.flatMap(({ events }) => events)),
      int4Array(requests.flatMap(({ events }, index) => events.map(() => index + 1))),
      int4Array(requests.flatMap(({ events }) => events.map((_, index) => index + 1))),
    ]);
    return toStored(requests, row);
  }

  async #judge({ stream, expected, events }: AppendRequest): Promise<AppendOutcome> {
    const values = [stream.tenant, stream.name, toNumber(expected), ...columnsOf(events), this.options.serialize];
    const [row = []] = await this.#run('judge', values);
    return toOutcome(row, stream.name);
  }

  /** What is denied has changed nothing, so it can be sent again in another way. */
  async #run(which: keyof Statements, values: readonly unknown[]): ReturnType<typeof run> {
    const statements = this.#statements;
    try {
      return await run(this.pool, statements[which], values);
    } catch (error) {
      if (!isDenied(error) || statements === this.#ofServices) throw error;
      this.#statements = this.#ofServices;
      return run(this.pool, this.#ofServices[which], values);
    }
  }
}

type Statements = Readonly<Record<'first' | 'next' | 'flight' | 'judge' | 'end', Statement>>;

function statementsFor(schema: string): Statements {
  const statement = (name: string, text: string): Statement => ({
    name: `runledger-append-${name}`,
    text: inSchema(text, schema),
  });
  return {
    first: statement('first', appendStatement('first')),
    next: statement('next', appendStatement('next')),
    flight: statement('flight', appendStatement('flight')),
    judge: statement('judge', 'select * from runledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9)'),
    end: statement('end', 'select * from runledger.end_stream($1, $2, $3, $4)'),
  };
}

function serviceStatementsFor(schema: string): Statements {
  const call = (name: string, parameters: number): Statement => {
    const list = Array.from({ length: parameters }, (_, at) => `$${at + 1}`).join(', ');
    return { name: `runledger-service-${name}`, text: `select * from ${schema}.service_${name}(${list})` };
  };
  const one = call('append_one', 9);
  return {
    first: one,
    next: one,
    flight: call('append_flight', 11),
    judge: call('append', 9),
    end: call('end_stream', 4),
  };
}

function columnsOf(events: readonly EncodedEvent[]): Buffer[] {
  return [
    uuidArray(events.map(({ id }) => id)),
    textArray(events.map(({ type }) => type)),
    textArray(events.map(({ correlationId }) => correlationId)),
    jsonArray(events.map(({ data }) => data)),
    jsonArray(events.map(({ metadata }) => metadata)),
  ];
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

/** Reads the answer of append-flight.sql. */
function toStored(requests: readonly AppendRequest[], [appends, gpos, recordedAt]: Row): StoredAppend[] {
  const bases = new Map(appends?.split(',').map(append => append.split(':').map(Number) as [number, number]));
  const positions = gpos?.split(',').map(BigInt) ?? [];
  const at = toIso(recordedAt);
  let next = 0;
  return requests.flatMap((request, index) => {
    const base = bases.get(index + 1);
    if (base === undefined || request.events.length === 0) return [];
    const own = positions.slice(next, (next += request.events.length));
    return [{ request, first: base + 1, positions: own, recordedAt: at }];
  });
}

function appended({ first, positions }: StoredAppend): AppendOutcome {
  const position = positions.at(-1) as Position;
  return { status: 'appended', revision: first + positions.length - 1, position };
}

function placeOf([revision, position]: Row) {
  return { revision: Number(revision), position: BigInt(position ?? 0) };
}

function toOutcome([status, ...rest]: Row, stream: string): AppendOutcome {
  switch (status) {
    case 'appended':
    case 'duplicate':
      return { status, ...placeOf(rest) };
    case 'conflict':
      return { status, revision: Number(rest[0]) };
    case 'deleted':
      return { status };
    case 'reused':
      throw new EventIdReusedError(stream);
    default:
      throw new TypeError(`The append function answered "${status}" for ${stream}.`);
  }
}
