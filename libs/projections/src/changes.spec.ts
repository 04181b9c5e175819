import { Changes } from './changes.js';

const changed = (key: string, position: bigint, projection = 'runs') => ({
  kind: 'changed' as const,
  projection,
  key,
  position,
});

describe('change notices', () => {
  let changes: Changes;
  let ending: AbortController;

  beforeEach(() => {
    [changes, ending] = [new Changes(), new AbortController()];
  });

  it('reach those who listen to the projection, from the call on', async () => {
    changes.publish(changed('run_0', 1n));
    const notices = changes.of('runs', { signal: ending.signal });
    changes.publish(changed('run_1', 2n));
    changes.publish(changed('flow_1', 3n, 'flows'));
    const later = [notices.next(), notices.next()];
    changes.publish(changed('run_2', 4n));
    expect((await Promise.all(later)).map(({ value }) => (value as { key: string }).key)).toEqual(['run_1', 'run_2']);
  });

  it('are left out when they are about another row than the one listened to', async () => {
    const notices = changes.of('runs', { signal: ending.signal, key: 'run_2' });
    changes.publish(changed('run_1', 1n));
    changes.publish(changed('run_2', 2n));
    expect((await notices.next()).value).toEqual(changed('run_2', 2n));
  });

  it('about one row are joined while the reader is busy', async () => {
    const notices = changes.of('runs', { signal: ending.signal });
    changes.publish(changed('run_1', 1n));
    changes.publish(changed('run_2', 2n));
    changes.publish(changed('run_1', 3n));
    expect([(await notices.next()).value, (await notices.next()).value]).toEqual([
      changed('run_2', 2n),
      changed('run_1', 3n),
    ]);
  });

  it('are dropped, oldest first, when a reader lags, and the reader is told', async () => {
    const notices = changes.of('runs', { signal: ending.signal, buffer: 2 });
    for (let n = 1; n <= 5; n += 1) changes.publish(changed(`run_${n}`, BigInt(n)));
    expect((await notices.next()).value).toEqual({ kind: 'lagged', projection: 'runs', dropped: 3 });
    expect((await notices.next()).value).toEqual(changed('run_4', 4n));
  });

  it('end with the signal, and then nobody is listening', async () => {
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const notice of changes.of('runs', { signal: ending.signal })) seen.push(notice);
    })();
    changes.publish(changed('run_1', 1n));
    await new Promise(resolve => setImmediate(resolve));
    ending.abort();
    await reading;
    expect(seen).toEqual([changed('run_1', 1n)]);
    expect(changes.isHeard('runs')).toBe(false);
  });

  it('stop when the reader breaks off', async () => {
    for await (const notice of listening()) expect(notice).toBeDefined();
    expect(changes.isHeard('runs')).toBe(false);
  });

  async function* listening() {
    const notices = changes.of('runs', { signal: ending.signal });
    changes.publish(changed('run_1', 1n));
    for await (const notice of notices) {
      yield notice;
      return;
    }
  }
});
