import { START } from '../port.js';
import type { Position, RecordedEvent } from '../port.js';
import { readFiltered } from './slices.js';
import type { Stories } from './stories.js';
import type { Tail } from './tail.js';

/** A log of so many events, of which each tenth is of another type, and how many events its server had to send. */
function logOf(count: number) {
  const log = Array.from({ length: count }, (_, n) => {
    const type = n % 10 === 9 ? 'Rare' : 'Common';
    return { type, position: BigInt(n + 1), metadata: {} } as unknown as RecordedEvent;
  });
  const sent: number[] = [];
  const page = (after: Position, limit: number) => {
    const events = log.slice(Number(after), Number(after) + limit);
    sent.push(events.length);
    const scannedTo = events.at(-1)?.position ?? after;
    return Promise.resolve({ events, scannedTo, atHead: scannedTo === BigInt(count) });
  };
  const tail = { to: START, peek: () => undefined } as unknown as Tail;
  const sources = { reader: { page }, tail, stories: {} as Stories };
  return { sources, sent: () => sent.reduce((sum, each) => sum + each, 0) };
}

describe('a read of a log whose server cannot filter', () => {
  it.each([
    ['all events', {}, 500, 20_000],
    ['a type that is common', { types: ['Common'] }, 500, 20_000],
    ['a type that is rare', { types: ['Rare'] }, 500, 20_000],
    ['a type that nothing has', { types: ['Unheard'] }, 500, 20_000],
    ['one event after the other', {}, 1, 100],
  ])('brings %s once, and hardly anything twice', async (_, filter, limit, count) => {
    const { sources, sent } = logOf(count);
    const seen: Position[] = [];
    let calls = 0;
    for (let [after, caughtUp] = [START, false]; !caughtUp; calls += 1) {
      const slice = await readFiltered(sources, { ...filter, after, limit });
      seen.push(...slice.events.map(({ position }) => position));
      ({ caughtUp, scannedTo: after } = slice);
    }
    const types = 'types' in filter ? filter.types : ['Common', 'Rare'];
    const wanted = Array.from({ length: count }, (__, n) => BigInt(n + 1));
    const isOf = (position: Position) => types.includes(position % 10n === 0n ? 'Rare' : 'Common');
    expect(seen).toEqual(wanted.filter(isOf));
    expect(sent()).toBeLessThanOrEqual(Math.max(count * 1.1, calls * 50));
  });
});
