import type {
  AllSlice,
  AppendOutcome,
  EventStore,
  ExpectedRevision,
  NewEvent,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  StreamRef,
  StreamSlice,
  SubscriptionBatch,
} from '@runledger/event-store';
import type { Desk, Life } from './desk.fixture.js';
import type { SimulatedLog } from './simulated-log.fixture.js';

/** The store as one life of a process reaches it: every call takes its time and may fail, before or after its effect. */
export class SimulatedStore implements EventStore {
  constructor(
    private readonly log: SimulatedLog,
    private readonly desk: Desk,
    private readonly life: Life,
  ) {}

  append(ref: StreamRef, events: readonly NewEvent[], expected: ExpectedRevision): Promise<AppendOutcome> {
    return this.desk.ask(this.life, () => this.log.append(ref, events, expected), true);
  }

  readStream(ref: StreamRef, options?: ReadStreamOptions): Promise<StreamSlice> {
    return this.desk.ask(this.life, () => this.log.readStream(ref, options), false);
  }

  readAll(options: ReadAllOptions): Promise<AllSlice> {
    return this.desk.ask(this.life, () => this.log.readAll(options), false);
  }

  head(): Promise<Position> {
    return this.desk.ask(this.life, () => this.log.head(), false);
  }

  settled(): Promise<Position> {
    return this.head();
  }

  identity(): Promise<string> {
    return Promise.resolve('00000000-0000-4000-8000-000000000000');
  }

  subscribe(): AsyncIterable<SubscriptionBatch> {
    throw new TypeError('Events are delivered by the simulation.');
  }

  deleteStream(): Promise<AppendOutcome> {
    throw new TypeError('Nothing is deleted in the simulation.');
  }

  tombstoneStream(): Promise<AppendOutcome> {
    throw new TypeError('Nothing is deleted in the simulation.');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
