import type { RecordedEvent } from '@runledger/event-store';
import { EventCatalogue } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { Leases } from './leases/leases.js';
import { MemoryLog } from './memory-log.fixture.js';
import { ReactorHost } from './reactor-host.js';
import type { Reactor, Tenure } from './reactor.js';
import { testCheckpoints } from './test-checkpoints.fixture.js';
import type { CountedCheckpoints, TestCheckpoints } from './test-checkpoints.fixture.js';

let database: TestCheckpoints;
let log: MemoryLog;
let checkpoints: CountedCheckpoints;
let ends: (() => Promise<void>)[];

beforeAll(async () => {
  database = await testCheckpoints();
});
beforeEach(async () => {
  [log, ends] = [new MemoryLog(), []];
  checkpoints = await database.of(log);
});
afterEach(async () => {
  for (const end of ends) await end();
});
afterAll(() => database.close());

/** A process that shares the work with others, and begins to react. */
async function begins(owner: string, more: Omit<Reactor, 'name' | 'types'>) {
  const leases = new Leases(checkpoints, { owner, sharing: 'shared', heartbeatMs: 50 });
  const host = new ReactorHost(log, checkpoints, new EventCatalogue([]), { owner, leases, checkpointEveryMs: 5 });
  const end = async () => {
    await host.stop();
    await leases.stop();
  };
  ends.push(end);
  return { end, running: await host.start({ name: 'waits', types: [], asStored: true, ...more }) };
}

/** Waits until it is told that it is to leave. */
const waits = (tenure: Tenure | undefined) =>
  new Promise<void>((_resolve, reject) => {
    tenure?.signal.addEventListener('abort', () => reject(new Error('It leaves.')));
  });

const manyRuns = Array.from({ length: 64 }, (_, n) => ({ run: `run_${n}` }));

test('a reaction that waits leaves at once at a stop, and its event comes again', async () => {
  const seen: string[] = [];
  const react = (event: RecordedEvent, _lease: unknown, tenure?: Tenure) => {
    seen.push(event.id);
    expect(tenure?.valid).toBe(true);
    return waits(tenure);
  };
  const { end } = await begins('first', { react });
  log.append({});
  await eventually(() => expect(seen).toHaveLength(1));
  const since = performance.now();
  await end();
  expect(performance.now() - since).toBeLessThan(5_000); // and not the ten seconds that reactions have
  await begins('second', { react: event => Promise.resolve(void seen.push(event.id)) });
  await eventually(() => expect(seen).toEqual([seen[0], seen[0]]));
});

test('what waits in partitions that another process is to have leaves at once, and the rest waits on', async () => {
  const [mine, others] = [new Set<string>(), [] as string[]];
  const react = async (event: RecordedEvent, _lease: unknown, tenure?: Tenure) => {
    mine.add(event.id);
    try {
      await waits(tenure);
    } finally {
      mine.delete(event.id);
    }
  };
  await begins('first', { react });
  log.append(...manyRuns);
  await eventually(() => expect(mine.size).toBe(64));
  const since = performance.now();
  await begins('second', { react: event => Promise.resolve(void others.push(event.id)) });
  await eventually(() => expect(others.length).toBeGreaterThan(0));
  await eventually(() => expect(mine.size + others.length).toBe(64));
  expect(performance.now() - since).toBeLessThan(8_000);
  expect(mine.size).toBeGreaterThan(0);
  expect(others.filter(id => mine.has(id))).toEqual([]);
});

test.each([
  ['as long as it has room', 3],
  ['one at a time where it has none', 1],
])('a reactor takes up events %s, and gets them all', async (_when, room) => {
  let [now, most, done] = [0, 0, 0];
  const react = async () => {
    most = Math.max(most, (now += 1));
    await new Promise(resolve => setTimeout(resolve, 1));
    [now, done] = [now - 1, done + 1];
  };
  const { running } = await begins('first', { react, hasRoom: () => now < room && room > 1 });
  await running.reached(log.append(...manyRuns));
  expect([most, done]).toEqual([room, 64]);
});
