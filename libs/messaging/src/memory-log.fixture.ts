import { randomUUID } from 'node:crypto';
import type { Position, RecordedEvent } from '@runledger/event-store';
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
  readonly name = randomUUID();
  /** The next subscriptions break with these after one batch. */
  readonly breaks: Error[] = [];
  readonly #wake = new Set<() => void>();

  append(...facts: readonly Fact[]): Position {
    for (const fact of facts) this.events.push(recorded(fact, this.events.length));
    for (const wake of this.#wake) wake();
    return this.events.at(-1)?.position ?? 0n;
  }

  /** For checkpoints elsewhere: what they say of this log. */
  identity(): Promise<string> {
    return Promise.resolve(this.name);
  }

  head(): Promise<Position> {
    return Promise.resolve(this.events.at(-1)?.position ?? 0n);
  }

  readAll(): Promise<never> {
    return Promise.reject(new Error('beyond the end of this log'));
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
