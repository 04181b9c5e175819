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

  append({ type, data }: EventTriggerEvent): RecordedEvent {
    this.#head += 1n;
    const [revision, position] = [this.#stream.length, this.#head];
    const recorded = { tenant: 'ws_one', type, data, revision, position, metadata: { schemaVersion: 1 } };
    this.#stream.push(recorded as RecordedEvent);
    return recorded as RecordedEvent;
  }

  /** As it was when it was asked: an answer takes its time. */
  async head(): Promise<Position> {
    const head = this.#head;
    await turn();
    return head;
  }

  readonly readStream: EventStore['readStream'] = async (_stream, { from = 0, limit = 1_000 } = {}) => {
    this.reads += 1;
    const [events, lastRevision] = [this.#stream.slice(from, from + limit), this.#stream.length - 1];
    await turn();
    return { state: 'active', events, lastRevision };
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

  it('are not looked for in a workspace that has none, until something is said of triggers anywhere', async () => {
    expect(standing.mayWaitFor(log.event())).toBe(true);
    expect(await heldAgainst(log.event())).toEqual([]);
    expect(standing.mayWaitFor(log.event())).toBe(false);
    expect(standing.mayWaitFor({ ...log.event(), tenant: 'ws_two' })).toBe(true);
    expect(standing.mayWaitFor({ ...log.event(), type: 'EventTriggerCreated' })).toBe(false);
    expect(standing.mayWaitFor(log.event())).toBe(true);
  });

  it('are looked for also where one was made and heard of while it was found that there was none', async () => {
    const finding = heldAgainst(log.event());
    await turn(); // the stream is being read
    expect(standing.mayWaitFor(log.append(created('trig_a')))).toBe(false);
    expect(await finding).toEqual([]);
    const next = log.event();
    expect(standing.mayWaitFor(next)).toBe(true);
    expect(await heldAgainst(next)).toEqual(['trig_a']);
  });

  it('never miss one that was made before the event, in whatever order they come', async () => {
    const step = fc.constantFrom('event', 'event', 'make', 'wait', 'hear');
    const run = async (steps: readonly string[]) => {
      log = new CountedLog();
      standing = new StandingTriggers(log);
      const made: string[] = [];
      const held: Promise<void>[] = [];
      // Whoever follows the log may be some way behind its end.
      const behind: (() => void)[] = [];
      for (const [n, next] of steps.entries()) {
        if (next === 'wait') await turn();
        if (next === 'make') {
          made.push(`trig_${n}`);
          const said = log.append(created(`trig_${n}`));
          behind.push(() => expect(standing.mayWaitFor(said)).toBe(false));
        }
        if (next === 'hear') for (const hear of behind.splice(0)) hear();
        if (next !== 'event') continue;
        const [event, due] = [log.event(), [...made]];
        behind.push(() => {
          const found = standing.mayWaitFor(event) ? heldAgainst(event) : Promise.resolve([]);
          held.push(found.then(triggers => expect(triggers).toEqual(due)));
        });
      }
      for (const hear of behind) hear();
      await Promise.all(held);
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), run), { numRuns: 200 });
  });
});
