import { LogBehindError } from '../log-behind-error.js';
import { START } from '../port.js';
import type { EventFilter, Position, ReadStreamOptions, RecordedEvent, StreamRef, StreamSlice } from '../port.js';
import { EVENT_COLUMNS, toEvent, weightOf } from './event-rows.js';
import type { Row } from './event-rows.js';
import { inSchema } from './migrate.js';
import type { Parameter, Statement } from './prepared-call.js';
import type { Sessions } from './sessions.js';
import { toReadError } from './store-errors.js';

/** Positions looked at by one filtered read; keeps each statement short however rare the matches are. */
const SCAN_POSITIONS = 20_000n;

/** The last event up to a position. */
export const LAST_EVENT = 'select max(e.gpos) from runledger.event e where e.gpos <= $1';

/** A piece of the log: every matching event after `after` and up to `scannedTo`, inclusive. */
export interface Page {
  readonly events: readonly RecordedEvent[];
  /** The position of an existing event, or `after`. */
  readonly scannedTo: Position;
  /** Nothing more could be read at that moment. */
  readonly atHead: boolean;
}

export interface TailPage extends Page {
  /** Rough weight of the events in memory. */
  readonly bytes: number;
}

export interface PageRequest extends EventFilter {
  readonly after: Position;
  readonly limit: number;
}

/** Reads the log in settled order (0002-append.sql, R1–R3) and single streams. */
export class LogReader {
  readonly #statements: ReturnType<typeof statementsFor>;
  /**
   * Everything up to here is settled for good: pages below it need no further question. Never moves back, though single
   * answers of `settled` may: a writer can publish a bound that is lower than one already gone.
   */
  #head: Position = START;
  #given: Position = START;

  constructor(
    private readonly sessions: Pick<Sessions, 'run'>,
    schema: string,
  ) {
    this.#statements = statementsFor(schema);
  }

  /** Settled for good, as far as it is known without asking. */
  get reached(): Position {
    return this.#head;
  }

  async head(): Promise<Position> {
    await this.#askHead(START);
    return this.#head;
  }

  async identity(): Promise<string> {
    const [row] = await this.#run(this.#statements.identity, []);
    return String(row?.[0]);
  }

  /** True when, at the last look, positions beyond the head were given out: writers are at work, or rolled back. */
  get unsettled(): boolean {
    return this.#given > this.#head;
  }

  /** Told by whoever knows that nothing can appear at or before this position any more, and that its events are committed. */
  settledUpTo(position: Position): void {
    if (position > this.#head) this.#head = position;
  }

  async page(request: PageRequest): Promise<Page> {
    const { after, limit } = request;
    const asked = after >= this.#head;
    if (asked) await this.#askHead(after);
    const head = this.#head;
    if (after >= head) return { events: [], scannedTo: after, atHead: true };
    const { rows, seen } = await this.#scan(request, head);
    const events = rows.map(toEvent);
    const last = rows.length < limit ? undefined : events.at(-1);
    const scannedTo = last?.position ?? seen;
    return { events, scannedTo, atHead: asked && scannedTo >= head };
  }

  /** The next events of the whole log, in one round trip: for the tail, which asks for nothing else. */
  async tailPage(after: Position, limit: number): Promise<TailPage> {
    const known = this.#head;
    const rows = await this.#run(this.#statements.tail, [after, limit]);
    const [head, given] = rows[0]?.slice(-2) ?? [];
    this.#learn({ head: BigInt(head ?? 0), given: BigInt(given ?? 0) }, { known, after });
    const events = rows.filter(row => row[0] !== null).map(toEvent);
    const scannedTo = events.at(-1)?.position ?? after;
    const bytes = events.length === 0 ? 0 : rows.reduce((sum, row) => sum + weightOf(row), 0);
    return { events, scannedTo, atHead: scannedTo >= BigInt(head ?? 0), bytes };
  }

  async stream(stream: StreamRef, options: ReadStreamOptions): Promise<StreamSlice> {
    const { direction = 'forwards', limit = 1_000 } = options;
    const forwards = direction === 'forwards';
    const from = options.from ?? (forwards ? 0 : Number.MAX_SAFE_INTEGER);
    const statement = forwards ? this.#statements.streamForwards : this.#statements.streamBackwards;
    const rows = await this.#run(statement, [stream.tenant, stream.name, from, limit]);
    const [state, revision] = rows[0]?.slice(-2) ?? [];
    if (state === 'T') return { state: 'tombstoned', events: [], lastRevision: -1 };
    if (state !== 'A' || revision === '-1') return { state: 'absent', events: [], lastRevision: -1 };
    const events = rows.filter(row => row[0] !== null).map(toEvent);
    return { state: 'active', events, lastRevision: Number(revision) };
  }

  async #askHead(after: Position): Promise<void> {
    const known = this.#head; // others ask at the same time: an older answer may come later
    const [row] = await this.#run(this.#statements.head, []);
    this.#learn({ head: BigInt(row?.[0] ?? 0), given: BigInt(row?.[1] ?? 0) }, { known, after });
  }

  /** Moves the known head. Nobody can stand beyond the last position given out, unless the log was exchanged. */
  #learn({ head, given }: { head: Position; given: Position }, { known, after }: { known: Position; after: Position }) {
    if (known > given) throw new LogBehindError('This process', known, given);
    if (after > given) throw new LogBehindError('A reader', after, given);
    if (head > this.#head) this.#head = head;
    this.#given = given;
  }

  /** The matching events behind `after`, and the last event that was looked at if they are fewer than wanted. */
  async #scan(request: PageRequest, head: Position): Promise<{ rows: readonly Row[]; seen: Position }> {
    const { after, limit } = request;
    const end = scanEnd(request, head);
    const rows = await this.#rows(request, end);
    if (rows.length === limit || end === head) return { rows, seen: end };
    const [row] = await this.#run(this.#statements.lastEvent, [end]);
    const seen = BigInt(row?.[0] ?? 0);
    // Writers that rolled back leave holes: one may be wider than a look.
    return seen > after ? { rows, seen } : this.#scan({ ...request, after: end }, head);
  }

  #rows(request: PageRequest, end: Position): Promise<readonly Row[]> {
    const { after, limit, tenant, types, categories, correlationId } = request;
    const filter = [tenant ?? null, types ?? null, categories ?? null];
    if (correlationId !== undefined) {
      return this.#run(this.#statements.story, [after, end, limit, ...filter, correlationId]);
    }
    if (filter.every(condition => condition === null)) return this.#run(this.#statements.all, [after, end, limit]);
    return this.#run(this.#statements.filtered, [after, end, limit, ...filter]);
  }

  async #run(statement: Statement, values: readonly Parameter[]): Promise<readonly Row[]> {
    try {
      return await this.sessions.run(statement, values);
    } catch (error) {
      throw toReadError(error);
    }
  }
}

/** A filtered scan by position ends after SCAN_POSITIONS; one story's events come from their own index. */
function scanEnd({ after, tenant, types, categories, correlationId }: PageRequest, head: Position): Position {
  const filtered = tenant !== undefined || types !== undefined || categories !== undefined;
  const end = after + SCAN_POSITIONS;
  return filtered && correlationId === undefined && end < head ? end : head;
}

function statementsFor(schema: string) {
  const statement = (name: string, text: string): Statement => ({
    name: `runledger-${name}`,
    text: inSchema(text, schema),
  });
  const log = `select ${EVENT_COLUMNS} from runledger.event e where e.gpos > $1 and e.gpos <= $2`;
  const filter = `and ($4::text is null or e.tenant = $4) and ($5::text[] is null or e.type = any($5))
    and ($6::text[] is null or split_part(e.stream, '-', 1) = any($6))`;
  const inOrder = 'order by e.gpos limit $3';
  const oneStream = (range: string, order: string) =>
    `select e.*, s.state, s.revision from runledger.stream s
       left join lateral (select ${EVENT_COLUMNS} from runledger.event e
         where e.stream_id = s.id and e.revision >= s.truncate_before and e.revision ${range} $3
         order by e.revision ${order} limit $4) e on s.state = 'A'
      where s.tenant = $1 and s.name = $2 order by e.revision ${order}`;
  return {
    head: statement('head', 'select runledger.head(), (select g.last_value from runledger.gpos g)'),
    identity: statement('identity', 'select s.epoch from runledger.store s'),
    lastEvent: statement('last-event', LAST_EVENT),
    tail: statement('tail', 'select * from runledger.tail($1, $2)'),
    all: statement('all', `${log} ${inOrder}`),
    filtered: statement('filtered', `${log} ${filter} ${inOrder}`),
    story: statement('story', `${log} ${filter} and e.correlation_id = $7 ${inOrder}`),
    streamForwards: statement('stream-forwards', oneStream('>=', 'asc')),
    streamBackwards: statement('stream-backwards', oneStream('<=', 'desc')),
  };
}
