import type { CheckpointLease, Checkpoints, Position, RecordedEvent } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import type { Delivery, Distribution, FollowOptions } from './distribution.js';

export interface Fact {
  readonly type?: string;
  readonly run?: string;
  readonly data?: unknown;
  readonly schemaVersion?: number;
}

/** A log in memory with holes in its positions, for specs about what consumers do; stores have their own contract suite. */
export class MemoryLog implements Distribution {
  readonly events: RecordedEvent[] = [];
  /** The next subscriptions break with these after one batch. */
  readonly breaks: Error[] = [];
  readonly #wake = new Set<() => void>();

  append(...facts: readonly Fact[]): Position {
    for (const fact of facts) this.events.push(recorded(fact, this.events.length));
    for (const wake of this.#wake) wake();
    return this.events.at(-1)?.position ?? 0n;
  }

  async *subscribe({ after, types, signal, batchSize = 7 }: FollowOptions): AsyncGenerator<Delivery> {
    let at = after;
    while (!signal.aborted) {
      const scanned = this.events.filter(event => event.position > at).slice(0, batchSize);
      const last = scanned.at(-1);
      if (!last) {
        await this.#change(signal);
        continue;
      }
      at = last.position;
      const caughtUp = at === this.events.at(-1)?.position;
      yield { events: scanned.filter(event => types?.includes(event.type) ?? true), scannedTo: at, caughtUp };
      const broken = this.breaks.shift();
      if (broken) throw broken;
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        this.#wake.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake.add(done);
      signal.addEventListener('abort', done);
    });
  }
}

/** Checkpoints in memory with real epochs. */
export class MemoryCheckpoints implements Checkpoints {
  readonly rows = new Map<string, { epoch: number; position: Position }>();
  /** The next writes fail with these. */
  readonly failures: Error[] = [];
  writes = 0;

  acquire(consumer: string, version: number, owner: string): Promise<CheckpointLease> {
    const row = this.rows.get(`${consumer}@${version}`) ?? { epoch: 0, position: 0n };
    const taken = { epoch: row.epoch + 1, position: row.position };
    this.rows.set(`${consumer}@${version}`, taken);
    return Promise.resolve({ consumer, version, owner, ...taken });
  }

  advance(lease: CheckpointLease, position: Position): Promise<CheckpointLease> {
    const failure = this.failures.shift();
    if (failure) return Promise.reject(failure);
    const row = this.rows.get(`${lease.consumer}@${lease.version}`);
    if (!row || row.epoch !== lease.epoch) return Promise.reject(new Fault('FENCED', 'another owner'));
    this.writes += 1;
    row.position = position;
    return Promise.resolve({ ...lease, position });
  }

  read(consumer: string, version: number): Promise<Position | undefined> {
    return Promise.resolve(this.rows.get(`${consumer}@${version}`)?.position);
  }
}

function recorded(fact: Fact, index: number): RecordedEvent {
  const run = fact.run ?? 'run_1';
  return {
    id: `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`,
    type: fact.type ?? 'StepReady',
    data: fact.data ?? {},
    metadata: {
      correlationId: run,
      causationId: 'cmd',
      actor: { kind: 'system', id: 'spec' },
      workspaceId: 'ws_spec',
      occurredAt: '2026-01-01T00:00:00.000Z',
      schemaVersion: fact.schemaVersion ?? 1,
    },
    tenant: 'ws_spec',
    stream: `run-${run.slice(4)}`,
    category: 'run',
    revision: index,
    position: BigInt(index * 3 + 1),
    recordedAt: '2026-01-01T00:00:00.000Z',
  };
}
