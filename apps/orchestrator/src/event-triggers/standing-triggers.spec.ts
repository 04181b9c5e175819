import { EventTriggerCreated, EventTriggerPaused, EventTriggerResumed } from '@runledger/contracts';
import type { EventTriggerEvent } from '@runledger/contracts';
import type { EventStore, Position, RecordedEvent } from '@runledger/event-store';
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { StandingTriggers } from './standing-triggers.js';

const AT = '2026-01-04T13:00:00.000Z';
const by = { kind: 'member' as const, id: 'mem_ada' };
const start = { flow: 'release', parameters: {}, choices: {} };
const created = (triggerId: string) =>
  EventTriggerCreated({
    ...{ triggerId, name: triggerId, event: 'RunCompleted', mapping: {}, start, createdBy: by, createdAt: AT },
  });
const paused = (triggerId: string) => EventTriggerPaused({ triggerId, by, pausedAt: AT });
const resumed = (triggerId: string) => EventTriggerResumed({ triggerId, by, resumedAt: AT });

/** A log of which only what standing triggers ask of it is there; `reads` counts how often it was asked. */
class CountedLog {
  readonly #stream: RecordedEvent[] = [];
  #head: Position = 0n;
  reads = 0;

  /** Something else, which events are held against. */
  event(): RecordedEvent {
    this.#head += 1n;
    return { tenant: 'ws_one', type: 'RunCompleted', position: this.#head } as RecordedEvent;
  }

  append({ type, data }: EventTriggerEvent): void {
    this.#head += 1n;
    const [revision, position] = [this.#stream.length, this.#head];
    this.#stream.push({ type, data, revision, position, metadata: { schemaVersion: 1 } } as RecordedEvent);
  }

  async head(): Promise<Position> {
    await turn();
    return this.#head;
  }

  readonly readStream: EventStore['readStream'] = async (_stream, { from = 0, limit = 1_000 } = {}) => {
    this.reads += 1;
    await turn();
    const events = this.#stream.slice(from, from + limit);
    return { state: 'active', events, lastRevision: this.#stream.length - 1 };
  };
}

let log: CountedLog;
let standing: StandingTriggers;

beforeEach(() => {
  log = new CountedLog();
  standing = new StandingTriggers(log);
});

const heldAgainst = async (event: RecordedEvent) => (await standing.on(event)).map(({ plan }) => plan.triggerId);

describe('the triggers that an event is held against', () => {
  it('are those that were made before it and are not paused', async () => {
    const before = log.event();
    log.append(created('trig_a'));
    log.append(created('trig_b'));
    log.append(paused('trig_b'));
    const after = log.event();
    expect(await heldAgainst(before)).toEqual([]);
    expect(await heldAgainst(after)).toEqual(['trig_a']);
    const whilePaused = log.event();
    log.append(resumed('trig_b'));
    expect(await heldAgainst(whilePaused)).toEqual(['trig_a']);
    expect(await heldAgainst(log.event())).toEqual(['trig_a', 'trig_b']);
  });

  it('are asked of the log once for all events that it has already handed out', async () => {
    log.append(created('trig_a'));
    const events = Array.from({ length: 200 }, () => log.event());
    for (const event of events) expect(await heldAgainst(event)).toEqual(['trig_a']);
    expect(log.reads).toBe(1);
  });

  it('are those of all that the workspace has said of them, however much that is', async () => {
    log.append(created('trig_a'));
    for (let n = 0; n < 600; n += 1) log.append(n % 2 === 0 ? paused('trig_a') : resumed('trig_a'));
    log.append(created('trig_b'));
    expect(await heldAgainst(log.event())).toEqual(['trig_a', 'trig_b']);
    log.append(paused('trig_a'));
    expect(await heldAgainst(log.event())).toEqual(['trig_b']);
  });

  it('are found behind what is said of none', async () => {
    log.append(created('trig_a'));
    log.append({ ...paused('trig_a'), type: 'SaidByNewerSoftware' } as unknown as EventTriggerEvent);
    log.append(created('trig_b'));
    expect(await heldAgainst(log.event())).toEqual(['trig_a', 'trig_b']);
    log.append(paused('trig_b'));
    expect(await heldAgainst(log.event())).toEqual(['trig_a']);
  });

  it('are known for an event of a log that was restored to an earlier head since', async () => {
    log.append(created('trig_a'));
    const event = log.event();
    expect(await heldAgainst({ ...event, position: event.position + 50n })).toEqual(['trig_a']);
  });

  it('are asked of the log together by events that come at once', async () => {
    const rounds = Array.from({ length: 20 }, () => log.event());
    await Promise.all(rounds.map(event => standing.on(event)));
    await Promise.all(Array.from({ length: 100 }, () => standing.on(log.event())));
    expect(log.reads).toBeLessThanOrEqual(3);
  });

  it('are asked for again after a log that could not answer', async () => {
    const failing = new Error('the database is gone');
    const broken = jest.spyOn(log, 'head').mockRejectedValueOnce(failing);
    const event = log.event();
    await expect(standing.on(event)).rejects.toBe(failing);
    expect(await heldAgainst(event)).toEqual([]);
    broken.mockRestore();
  });

  it('never miss one that was made before the event, in whatever order they come', async () => {
    const step = fc.constantFrom('event', 'make', 'wait');
    const run = async (steps: readonly string[]) => {
      log = new CountedLog();
      standing = new StandingTriggers(log);
      const made: string[] = [];
      const held: Promise<void>[] = [];
      for (const [n, next] of steps.entries()) {
        if (next === 'wait') await turn();
        if (next === 'make') {
          made.push(`trig_${n}`);
          log.append(created(`trig_${n}`));
        }
        if (next !== 'event') continue;
        const due = [...made];
        held.push(heldAgainst(log.event()).then(found => expect(found).toEqual(due)));
      }
      await Promise.all(held);
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), run), { numRuns: 50 });
  });
});
