import { EventIdReusedError } from '../append-errors.js';
import type { AppendRequest } from '../append-request.js';
import type { AppendOutcome, ExpectedRevision, Position, StreamRef } from '../port.js';
import { directCalls, serviceCalls, toNumber } from './append-calls.js';
import type { AppendCalls, Call } from './append-calls.js';
import { toIso } from './event-rows.js';
import type { Row } from './event-rows.js';
import type { StoredAppend } from './stored-append.js';
import type { Sessions } from './sessions.js';
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
  #calls: AppendCalls;
  readonly #ofServices: AppendCalls;

  constructor(
    private readonly sessions: Sessions,
    private readonly options: { readonly schema: string; readonly serialize: boolean },
  ) {
    this.#calls = directCalls(options.schema);
    this.#ofServices = serviceCalls(options.schema);
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
      const [row = []] = await this.#run(calls => calls.end(stream, expected, forEver));
      const outcome = toOutcome(row, stream.name);
      // The function still knows where a stream lay that was ended for ever; a reader does not.
      return outcome.status === 'appended' ? { ...outcome, revision: -1 } : outcome;
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
    const { expected, events } = request;
    if (events.length === 0) return [];
    if (expected === 'any' || expected === 'exists') return this.#storeMany([request]);
    const rows = await this.#run(calls => calls.one(request));
    if (rows.length === 0) return [];
    const positions = rows.map(([position]) => BigInt(position ?? 0));
    return [{ request, first: toNumber(expected) + 1, positions, recordedAt: toIso(rows[0]?.[1]) }];
  }

  async #storeMany(requests: readonly AppendRequest[]): Promise<StoredAppend[]> {
    const [row = []] = await this.#run(calls => calls.flight(requests));
    return toStored(requests, row);
  }

  async #judge(request: AppendRequest): Promise<AppendOutcome> {
    const [row = []] = await this.#run(calls => calls.judge(request, this.options.serialize));
    return toOutcome(row, request.stream.name);
  }

  /** What is denied has changed nothing, so it can be sent again in another way. */
  async #run(callOf: (calls: AppendCalls) => Call): ReturnType<Sessions['run']> {
    const calls = this.#calls;
    const { statement, values } = callOf(calls);
    try {
      return await this.sessions.run(statement, values);
    } catch (error) {
      if (!isDenied(error) || calls === this.#ofServices) throw error;
      this.#calls = this.#ofServices;
      const { statement: another, values: again } = callOf(this.#ofServices);
      return this.sessions.run(another, again);
    }
  }
}

/** Reads the answer of append-flight.sql. */
function toStored(requests: readonly AppendRequest[], [appends, gpos, recordedAt]: Row): StoredAppend[] {
  const bases = basesOf(appends ?? '');
  const positions = gpos?.split(',').map(BigInt) ?? [];
  const at = toIso(recordedAt);
  const stored: StoredAppend[] = [];
  let [index, next] = [0, 0];
  for (const request of requests) {
    const base = bases[(index += 1)];
    if (base === undefined || request.events.length === 0) continue;
    const own = positions.slice(next, (next += request.events.length));
    stored.push({ request, first: base + 1, positions: own, recordedAt: at });
  }
  return stored;
}

/** By the number of the append, from 1. */
function basesOf(appends: string): readonly (number | undefined)[] {
  const bases: (number | undefined)[] = [];
  for (const append of appends === '' ? [] : appends.split(',')) {
    const colon = append.indexOf(':');
    bases[Number(append.slice(0, colon))] = Number(append.slice(colon + 1));
  }
  return bases;
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
