import type { RecordedEvent } from '@runledger/event-store';
import { ConsumerProgress } from './consumer-progress.js';
import type { Delivery, Distribution } from './distribution.js';
import { lookAhead } from './look-ahead.js';

/** A log in which nothing is wanted up to `scannedTo`, which answers when it may. */
function slowLog(scannedTo: bigint) {
  let [tell, answer] = [() => {}, () => {}];
  const asked = new Promise<void>(resolve => (tell = resolve));
  const free = new Promise<void>(resolve => (answer = resolve));
  const source: Distribution = {
    subscribe: async function* () {
      tell();
      await free;
      yield { events: [], scannedTo, caughtUp: true } satisfies Delivery;
    },
  };
  return { source, asked, answer: () => answer() };
}

describe('a look ahead', () => {
  const { signal } = new AbortController();
  const progress = () => {
    const made = new ConsumerProgress('orders', 0n);
    made.moveTo(10n);
    return made;
  };

  it('passes what nobody wants', async () => {
    const [standing, { source, answer }] = [progress(), slowLog(12n)];
    answer();
    await lookAhead({ progress: standing, source, types: [] }, signal);
    await standing.reached(12n);
  });

  it('passes what is of a wanted type and concerns nobody, and waits for what does', async () => {
    const standing = progress();
    const eventAt = (position: bigint) => ({ position, data: { mine: position > 12n } }) as RecordedEvent;
    const source: Distribution = {
      subscribe: async function* ({ after }) {
        yield await Promise.resolve({ events: [eventAt(after + 1n)], scannedTo: after + 1n, caughtUp: false });
      },
    };
    const concerns = ({ data }: RecordedEvent) => (data as { mine: boolean }).mine;
    for (let look = 0; look < 4; look += 1) await lookAhead({ progress: standing, source, concerns }, signal);
    expect(standing.status().position).toBe(12n);
  });

  it('passes it also when the consumer has come further meanwhile', async () => {
    const [standing, { source, asked, answer }] = [progress(), slowLog(12n)];
    const looking = lookAhead({ progress: standing, source, types: [] }, signal);
    await asked;
    standing.moveTo(11n);
    answer();
    await looking;
    await standing.reached(12n);
  });

  it('promises nobody what a database has forgotten while it looked (P1)', async () => {
    const [standing, { source, asked, answer }] = [progress(), slowLog(12n)];
    const looking = lookAhead({ progress: standing, source, types: [] }, signal);
    await asked;
    standing.setBack(5n);
    answer();
    await looking;
    expect(standing.status().position).toBe(5n);
  });
});
