import { START } from '@runledger/event-store';
import type {
  AllSlice,
  AppendOutcome,
  ExpectedRevision,
  NewEvent,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  StreamRef,
  StreamSlice,
} from '@runledger/event-store';

/** The log as the store keeps it (E1, E2), in memory. */
export class SimulatedLog {
  readonly events: RecordedEvent[] = [];
  readonly #streams = new Map<string, RecordedEvent[]>();

  constructor(private readonly now: () => string) {}

  head(): Position {
    return this.events.at(-1)?.position ?? START;
  }

  append(ref: StreamRef, events: readonly NewEvent[], expected: ExpectedRevision): AppendOutcome {
    const key = `${ref.tenant}/${ref.name}`;
    const stream = this.#streams.get(key) ?? [];
    const repeat = stream.findIndex(({ id }) => id === events[0]?.id);
    if (repeat >= 0) return this.#repeated(stream, repeat + events.length - 1);
    if (!fits(expected, stream.length - 1)) return { status: 'conflict', revision: stream.length - 1 };
    for (const event of events) {
      const recorded = this.#recorded(ref, event, stream.length);
      stream.push(recorded);
      this.events.push(recorded);
    }
    this.#streams.set(key, stream);
    return { status: 'appended', revision: stream.length - 1, position: stream.at(-1)?.position ?? START };
  }

  readStream(ref: StreamRef, { from, direction = 'forwards', limit = 1_000 }: ReadStreamOptions = {}): StreamSlice {
    const stream = this.#streams.get(`${ref.tenant}/${ref.name}`);
    if (!stream) return { state: 'absent', events: [], lastRevision: -1 };
    const events =
      direction === 'forwards'
        ? stream.slice(from ?? 0, (from ?? 0) + limit)
        : stream
            .slice(0, (from ?? stream.length) + 1)
            .reverse()
            .slice(0, limit);
    return { state: 'active', events, lastRevision: stream.length - 1 };
  }

  readAll({ after, limit = 500, tenant, types, categories, correlationId }: ReadAllOptions): AllSlice {
    const events = this.events
      .filter(
        event =>
          event.position > after &&
          (tenant === undefined || event.tenant === tenant) &&
          (types === undefined || types.includes(event.type)) &&
          (categories === undefined || categories.includes(event.category)) &&
          (correlationId === undefined || event.metadata.correlationId === correlationId),
      )
      .slice(0, limit);
    const caughtUp = events.length < limit;
    return { events, scannedTo: caughtUp ? this.head() : (events.at(-1)?.position ?? after), caughtUp };
  }

  #repeated(stream: readonly RecordedEvent[], revision: number): AppendOutcome {
    return { status: 'duplicate', revision, position: stream[revision]?.position ?? START };
  }

  #recorded(ref: StreamRef, event: NewEvent, revision: number): RecordedEvent {
    const { id, type, data, metadata } = JSON.parse(JSON.stringify(event)) as NewEvent;
    const [category = ''] = ref.name.split('-');
    const position = BigInt(this.events.length + 1);
    const place = { tenant: ref.tenant, stream: ref.name, category, revision, position };
    return { id, type, data, metadata, ...place, recordedAt: this.now() };
  }
}

function fits(expected: ExpectedRevision, revision: number): boolean {
  switch (expected) {
    case 'any':
      return true;
    case 'exists':
      return revision >= 0;
    case 'no-stream':
      return revision < 0;
    default:
      return revision === expected;
  }
}
