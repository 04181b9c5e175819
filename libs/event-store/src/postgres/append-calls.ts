import type { AppendRequest, EncodedEvent } from '../append-request.js';
import type { ExpectedRevision, StreamRef } from '../port.js';
import { int4Array, int8Array, jsonArray, textArray, uuidArray } from './binary-array.js';
import { inSchema } from './migrate.js';
import type { Parameter, Statement } from './prepared-call.js';
import { appendFew, appendStatement, MOST_OF_FEW } from './statements/append-statement.js';

/** A statement and its values. */
export interface Call {
  readonly statement: Statement;
  readonly values: readonly Parameter[];
}

/** How appends are put to the server. */
export interface AppendCalls {
  /** One append that begins its stream or says at which revision that is. Answers with position and time of each event. */
  one(request: AppendRequest): Call;
  /** Several, to different streams in order (append-flight.sql). */
  flight(requests: readonly AppendRequest[]): Call;
  /** One, exactly (runledger.append of 0002-append.sql). */
  judge(request: AppendRequest, serialize: boolean): Call;
  end(stream: StreamRef, expected: ExpectedRevision, forEver: boolean): Call;
}

/** For who may write the tables. */
export function directCalls(schema: string): AppendCalls {
  const statement = (name: string, text: string): Statement => ({
    name: `runledger-append-${name}`,
    text: inSchema(text, schema),
  });
  const few = (which: 'first' | 'next') =>
    Array.from({ length: MOST_OF_FEW }, (_, n) => statement(`${which}-${n + 1}`, appendFew(which, n + 1)));
  const [first, next] = [few('first'), few('next')];
  const [manyFirst, manyNext] = [
    statement('first', appendStatement('first')),
    statement('next', appendStatement('next')),
  ];
  const flight = statement('flight', appendStatement('flight'));
  const judge = statement('judge', 'select * from runledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9)');
  const end = statement('end', 'select * from runledger.end_stream($1, $2, $3, $4)');
  return {
    one: request => {
      const begins = request.expected === 'no-stream';
      const statementOfFew = (begins ? first : next)[request.events.length - 1];
      if (statementOfFew && isOfOneStory(request)) return { statement: statementOfFew, values: valuesOfFew(request) };
      return { statement: begins ? manyFirst : manyNext, values: valuesOfOne(request) };
    },
    flight: requests => ({ statement: flight, values: valuesOfFlight(requests) }),
    judge: (request, serialize) => ({ statement: judge, values: valuesToJudge(request, serialize) }),
    end: (...asked) => ({ statement: end, values: valuesToEnd(...asked) }),
  };
}

/** For the roles of services, by way of the functions that look whose streams these are (roles/service-roles.sql). */
export function serviceCalls(schema: string): AppendCalls {
  const call = (name: string, parameters: number): Statement => {
    const list = Array.from({ length: parameters }, (_, at) => `$${at + 1}`).join(', ');
    return { name: `runledger-service-${name}`, text: `select * from ${schema}.service_${name}(${list})` };
  };
  const [one, flight] = [call('append_one', 9), call('append_flight', 11)];
  const [judge, end] = [call('append', 9), call('end_stream', 4)];
  return {
    one: request => ({ statement: one, values: valuesOfOne(request) }),
    flight: requests => ({ statement: flight, values: valuesOfFlight(requests) }),
    judge: (request, serialize) => ({ statement: judge, values: valuesToJudge(request, serialize) }),
    end: (...asked) => ({ statement: end, values: valuesToEnd(...asked) }),
  };
}

/** What one command caused has one metadata, which is sent once. */
function isOfOneStory({ events }: AppendRequest): boolean {
  const [first] = events;
  return events.every(event => event.metadata === first?.metadata && event.correlationId === first.correlationId);
}

function valuesOfFew({ stream, expected, events }: AppendRequest): Parameter[] {
  const values: Parameter[] = [stream.tenant, stream.name, toNumber(expected)];
  for (const { id, type, correlationId, data, metadata } of events) {
    if (values.length === 3) values.push(correlationId, metadata);
    values.push(id, type, data);
  }
  return values;
}

function valuesOfOne({ stream, expected, events }: AppendRequest): Parameter[] {
  return [stream.tenant, stream.name, toNumber(expected), events.length, ...columnsOf(events)];
}

function valuesOfFlight(requests: readonly AppendRequest[]): Parameter[] {
  const events: EncodedEvent[] = [];
  const [appends, places]: [number[], number[]] = [[], []];
  let append = 0;
  for (const request of requests) {
    append += 1;
    let place = 0;
    for (const event of request.events) {
      events.push(event);
      appends.push(append);
      places.push((place += 1));
    }
  }
  return [
    textArray(requests.map(({ stream }) => stream.tenant)),
    textArray(requests.map(({ stream }) => stream.name)),
    int8Array(requests.map(({ expected }) => toNumber(expected))),
    int4Array(requests.map(request => request.events.length)),
    ...columnsOf(events),
    int4Array(appends),
    int4Array(places),
  ];
}

function valuesToJudge({ stream, expected, events }: AppendRequest, serialize: boolean): Parameter[] {
  return [stream.tenant, stream.name, toNumber(expected), ...columnsOf(events), serialize];
}

function valuesToEnd(stream: StreamRef, expected: ExpectedRevision, forEver: boolean): Parameter[] {
  return [stream.tenant, stream.name, toNumber(expected), forEver];
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

export function toNumber(expected: ExpectedRevision): number {
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
