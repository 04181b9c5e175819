import { partitionOf } from '@runledger/event-store';
import type { Position, RecordedEvent, SharedCheckpoints } from '@runledger/event-store';
import { EventCatalogue } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import fc from 'fast-check';
import { Leases } from './leases/leases.js';
import { MemoryLog } from './memory-log.fixture.js';
import { ReactorHost } from './reactor-host.js';
import { testCheckpoints } from './test-checkpoints.fixture.js';
import type { CountedCheckpoints, TestCheckpoints } from './test-checkpoints.fixture.js';

interface Plan {
  readonly runs: readonly number[];
  readonly delays: readonly number[];
  /** Which events fail on their first try, and which fail until somebody mends what is broken. */
  readonly fails: readonly ('never' | 'once' | 'until mended')[];
  /** What happens to the processes, each after some further reactions. */
  readonly turns: readonly { readonly reactions: number; readonly turn: 'join' | 'leave' | 'kill' }[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  runs: fc.array(fc.nat(9), { minLength: 20, maxLength: 120 }),
  delays: fc.array(fc.nat(2), { minLength: 5, maxLength: 20 }),
  fails: fc.array(fc.constantFrom('never', 'never', 'never', 'never', 'once', 'until mended'), {
    minLength: 7,
    maxLength: 40,
  }),
  turns: fc.array(
    fc.record({ reactions: fc.integer({ min: 1, max: 30 }), turn: fc.constantFrom('join', 'leave', 'kill') }),
    { minLength: 1, maxLength: 6 },
  ),
});

const RETRY = { attempts: 2, retryableAttempts: 2, firstDelayMs: 1, maxDelayMs: 2 };

/** One process, with a switch that ends it as `kill -9` would: nothing that it does from then on is seen by anybody. */
class Life {
  killed = false;
  readonly leases: Leases;
  readonly host: ReactorHost;

  constructor(story: Story, owner: string) {
    const checkpoints = story.checkpointsOf(this);
    this.leases = new Leases(checkpoints, { owner, sharing: 'shared', ttlMs: 150, heartbeatMs: 30, retry: RETRY });
    this.host = new ReactorHost(story.log, checkpoints, new EventCatalogue([]), {
      owner,
      leases: this.leases,
      retry: RETRY,
      checkpointEveryMs: 2,
      parkedLookMs: 20,
      stopTimeoutMs: 100,
    });
  }

  async end(): Promise<void> {
    await this.host.stop();
    await this.leases.stop();
  }
}

class Story {
  readonly log = new MemoryLog();
  /** The effects, each once by its key, in the order in which they came into being. */
  readonly effects: RecordedEvent[] = [];
  readonly overtaken: Position[] = [];
  readonly #living: Life[] = [];
  readonly #ended: Promise<void>[] = [];
  readonly #dealtWith = new Set<Position>();
  readonly #failed = new Set<Position>();
  #reactions = 0;
  #lives = 0;
  mended = false;

  constructor(
    private readonly plan: Plan,
    private readonly database: TestCheckpoints,
  ) {
    this.log.append(...plan.runs.map(run => ({ run: `run_${run}` })));
  }

  checkpoints!: CountedCheckpoints;

  async play(): Promise<void> {
    this.checkpoints = await this.database.of(this.log);
    await this.#join();
    for (const { reactions, turn } of this.plan.turns) {
      if (this.#living.length === 0) await this.#join();
      const until = this.#reactions + reactions;
      await eventually(() => this.#reactions >= until || this.#dealtWith.size === this.log.events.length);
      await this.#turn(turn);
    }
    if (this.#living.length === 0) await this.#join();
    await eventually(() => expect(this.#dealtWith.size).toBe(this.log.events.length));
    await this.#mend();
    await Promise.all(this.#living.map(life => life.end()));
    await Promise.all(this.#ended);
  }

  async #turn(turn: 'join' | 'leave' | 'kill'): Promise<void> {
    if (turn === 'join') return this.#join();
    const life = this.#living.shift();
    if (!life) return;
    life.killed = turn === 'kill';
    this.#ended.push(life.end());
    await (turn === 'leave' ? this.#ended.at(-1) : undefined);
  }

  async #join(): Promise<void> {
    const life = new Life(this, `life-${(this.#lives += 1)}`);
    this.#living.push(life);
    const react = (event: RecordedEvent) => this.#react(life, event);
    await life.host.start({ name: 'r', types: [], asStored: true, react });
  }

  /** People ask for another try of everything that is parked, until nothing is. */
  async #mend(): Promise<void> {
    this.mended = true;
    await eventually(async () => {
      const parked = await this.checkpoints.parked.list({ limit: 1_000 });
      for (const { id, state } of parked) {
        if (state === 'parked') await this.checkpoints.parked.requestRetry(id, { by: 'ada' });
      }
      expect(parked).toEqual([]);
    });
  }

  async #react(life: Life, event: RecordedEvent): Promise<void> {
    const { delays, fails } = this.plan;
    const { position } = event;
    await new Promise(resolve => setTimeout(resolve, delays[Number(position) % delays.length]));
    if (life.killed) return new Promise(() => undefined);
    this.#reactions += 1;
    const fault = fails[Number(position) % fails.length];
    if (fault === 'until mended' && !this.mended) throw new Error('broken');
    if (fault === 'once' && !this.#failed.has(position)) {
      this.#failed.add(position);
      throw new Error('first try');
    }
    this.#dealtWith.add(position);
    if (!this.effects.some(effect => effect.id === event.id)) this.effects.push(event);
  }

  checkpointsOf(life: Life): SharedCheckpoints {
    const alive = <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) => {
      return (...args: Args) => (life.killed ? Promise.reject<T>(new Error('dead')) : call(...args));
    };
    const { partitions, parking, parked } = this.checkpoints;
    const watched: SharedCheckpoints = Object.create(this.checkpoints) as SharedCheckpoints;
    return Object.assign(watched, {
      parked,
      partitions: {
        prepare: alive(partitions.prepare.bind(partitions)),
        heartbeat: alive(partitions.heartbeat.bind(partitions)),
        read: alive(partitions.read.bind(partitions)),
        release: alive(partitions.release.bind(partitions)),
        leave: alive(partitions.leave.bind(partitions)),
        advance: alive((...[moves, ...rest]: Parameters<typeof partitions.advance>) => {
          for (const { lease, position } of moves) this.#checkNotAhead(lease.partition, position);
          return partitions.advance(moves, ...rest);
        }),
      },
      parking: {
        queues: alive(parking.queues.bind(parking)),
        discarded: alive(parking.discarded.bind(parking)),
        next: alive(parking.next.bind(parking)),
        done: alive(parking.done.bind(parking)),
        failed: alive(parking.failed.bind(parking)),
        park: alive(async (...[lease, key, event, failure]: Parameters<typeof parking.park>) => {
          await parking.park(lease, key, event, failure);
          this.#dealtWith.add(event.position);
        }),
      },
    });
  }

  #checkNotAhead(partition: number, position: Position): void {
    const ahead = this.log.events.find(
      event =>
        event.position <= position &&
        partitionOf(event.metadata.correlationId) === partition &&
        !this.#dealtWith.has(event.position),
    );
    if (ahead) this.overtaken.push(ahead.position);
  }
}

describe('reactors of processes that join, leave and are killed', () => {
  let database: TestCheckpoints;
  beforeAll(async () => {
    database = await testCheckpoints();
  });
  afterAll(() => database.close());

  it('have the effect of each event once, in order within a run, whatever fails or is parked on the way', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async plan => {
        const story = new Story(plan, database);
        await story.play();
        expect(story.overtaken).toEqual([]);
        expect(story.effects.map(({ position }) => position).sort(byValue)).toEqual(
          story.log.events.map(({ position }) => position),
        );
        for (const run of new Set(plan.runs)) {
          const own = story.effects.filter(event => event.metadata.correlationId === `run_${run}`);
          expect(own.map(({ position }) => position)).toEqual(own.map(({ position }) => position).sort(byValue));
        }
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
});

function byValue(a: Position, b: Position): number {
  return Number(a - b);
}
