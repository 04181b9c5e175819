import { followLog } from './follow-log.js';
import { MemoryLog } from './memory-log.fixture.js';
import { Pace } from './pace.js';
import { DEFAULT_RETRY } from './retry.js';
import { SILENT } from './consumer-log.js';

/** So long that no spec waits for its end. */
const LONG_MS = 600_000;

describe('the pace of a consumer that keeps up', () => {
  const ending = new AbortController();
  let log: MemoryLog;
  beforeEach(() => {
    log = new MemoryLog();
  });
  afterAll(() => ending.abort());

  const follow = (pace?: Pace) =>
    followLog(log, {
      ...{ after: 0n, consumer: 'orders', retry: DEFAULT_RETRY, log: SILENT, signal: ending.signal },
      ...(pace && { pace }),
    });
  const sizeOf = async (next: Promise<IteratorResult<{ readonly events: readonly unknown[] }, void>>) => {
    const { value } = await next;
    return value?.events.length;
  };

  it('takes together what comes while it rests', async () => {
    const pace = new Pace(30);
    const deliveries = follow(pace);
    log.append({ run: 'run-1' });
    expect(await sizeOf(deliveries.next())).toBe(1);
    const next = deliveries.next();
    log.append({ run: 'run-1' });
    log.append({ run: 'run-2' });
    log.append({ run: 'run-3' });
    expect(await sizeOf(next)).toBe(3);
  });

  it('does not rest while it has a backlog', async () => {
    const deliveries = follow(new Pace(LONG_MS));
    log.append(...Array.from({ length: 12 }, () => ({ run: 'run-1' })));
    expect(await sizeOf(deliveries.next())).toBe(7);
    expect(await sizeOf(deliveries.next())).toBe(5);
  });

  it('does not rest while somebody waits for it, and ends the rest that it takes', async () => {
    const pace = new Pace(LONG_MS);
    const deliveries = follow(pace);
    let arrive: (word: string) => void = () => undefined;
    const arrival = new Promise<string>(resolve => (arrive = resolve));
    log.append({ run: 'run-1' });
    await deliveries.next();
    const second = deliveries.next();
    log.append({ run: 'run-1' });
    const waiting = pace.hurried(arrival);
    expect(await sizeOf(second)).toBe(1);
    const third = deliveries.next();
    log.append({ run: 'run-1' });
    expect(await sizeOf(third)).toBe(1);
    arrive('arrived');
    expect(await waiting).toBe('arrived');
  });

  it('ends with its consumer in the midst of a rest', async () => {
    const leaving = new AbortController();
    const pace = new Pace(LONG_MS);
    const rest = pace.rest(leaving.signal);
    leaving.abort();
    await expect(rest).resolves.toBeUndefined();
    await expect(pace.rest(leaving.signal)).resolves.toBeUndefined();
  });
});
