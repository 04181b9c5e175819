import fc from 'fast-check';
import type { CheckpointLease, Position } from '@runledger/event-store';
import { EventCatalogue } from '@runledger/kernel';
import { MemoryCheckpoints, MemoryLog } from './memory-log.fixture.js';
import { ReactorHost } from './reactor-host.js';

interface Plan {
  readonly runs: readonly number[];
  readonly delays: readonly number[];
  /** Which handled events fail on their first try. */
  readonly throws: readonly boolean[];
  /** After how many further reactions each life of the process ends, and how. */
  readonly lives: readonly { readonly reactions: number; readonly end: 'stop' | 'kill' }[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  runs: fc.array(fc.nat(4), { minLength: 1, maxLength: 60 }),
  delays: fc.array(fc.nat(2), { minLength: 5, maxLength: 20 }),
  throws: fc.array(fc.boolean(), { minLength: 5, maxLength: 20 }),
  lives: fc.array(fc.record({ reactions: fc.integer({ min: 1, max: 30 }), end: fc.constantFrom('stop', 'kill') }), {
    maxLength: 4,
  }),
});

/** One process: what it handled, and a switch that ends it as `kill -9` would. */
class Life {
  readonly handled: { run: string; position: Position }[] = [];
  killed = false;
}

class Story {
  readonly log = new MemoryLog();
  readonly handled = new Set<Position>();
  readonly lives: Life[] = [];
  readonly overtaken: Position[] = [];
  readonly #checkpoints = new MemoryCheckpoints();
  readonly #failed = new Set<Position>();

  constructor(private readonly plan: Plan) {
    this.log.append(...plan.runs.map(run => ({ run: `run_${run}` })));
  }

  async live(reactions: number, end: 'stop' | 'kill'): Promise<void> {
    const life = new Life();
    this.lives.push(life);
    const host = new ReactorHost(this.log, this.#checkpointsOf(life), new EventCatalogue([]), {
      owner: `life-${this.lives.length}`,
      retry: { attempts: 3, retryableAttempts: 3, firstDelayMs: 1, maxDelayMs: 2 },
      checkpointEveryMs: 2,
      stopTimeoutMs: end === 'kill' ? 0 : 5_000,
    });
    const enough = new Promise<void>(resolve => {
      void host
        .start({ name: 'r', types: [], asStored: true, react: event => this.#react(life, event, reactions, resolve) })
        .then(running => running.reached(this.log.events.at(-1)?.position ?? 0n))
        .then(resolve, resolve);
    });
    await enough;
    life.killed = end === 'kill';
    await host.stop();
  }

  async #react(
    life: Life,
    { position, metadata }: { position: Position; metadata: { correlationId: string } },
    reactions: number,
    enough: () => void,
  ): Promise<void> {
    const { delays, throws } = this.plan;
    await new Promise(resolve => setTimeout(resolve, delays[Number(position) % delays.length]));
    if (life.killed) return new Promise(() => undefined);
    if (throws[Number(position) % throws.length] && !this.#failed.has(position)) {
      this.#failed.add(position);
      throw new Error('first try');
    }
    life.handled.push({ run: metadata.correlationId, position });
    this.handled.add(position);
    if (life.handled.length === reactions) enough();
  }

  #checkpointsOf(life: Life) {
    return {
      acquire: this.#checkpoints.acquire.bind(this.#checkpoints),
      read: this.#checkpoints.read.bind(this.#checkpoints),
      advance: (lease: CheckpointLease, position: Position) => {
        if (life.killed) return new Promise<CheckpointLease>((_, reject) => setImmediate(reject, new Error('dead')));
        const ahead = this.log.events.find(event => event.position <= position && !this.handled.has(event.position));
        if (ahead) this.overtaken.push(ahead.position);
        return this.#checkpoints.advance(lease, position);
      },
    };
  }
}

describe('reactions through delays, failures, stops and kills', () => {
  it('happen at least once each, in order within a run, and never fall behind the checkpoint', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async plan => {
        const story = new Story(plan);
        for (const { reactions, end } of plan.lives) await story.live(reactions, end);
        await story.live(Infinity, 'stop');

        expect(story.overtaken).toEqual([]);
        expect(story.handled).toEqual(new Set(story.log.events.map(event => event.position)));
        for (const { handled } of story.lives) {
          for (const run of new Set(handled.map(reaction => reaction.run))) {
            const own = handled.filter(reaction => reaction.run === run).map(reaction => reaction.position);
            expect(own).toEqual([...new Set(own)].sort((a, b) => Number(a - b)));
          }
        }
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });
});
