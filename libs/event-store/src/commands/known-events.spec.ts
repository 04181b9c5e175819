import { KnownEvents } from './known-events.js';
import { derivedId, newUuid } from './event-ids.js';

const COUNT = 9_000;
const RECENT = 1_000;

describe('what is known of a long stream', () => {
  const known = new KnownEvents({ recent: RECENT, perFilter: 3_000 });
  const ids = Array.from({ length: COUNT }, (_, n) => (n % 2 === 0 ? derivedId('command', 'stream', n) : newUuid()));
  ids.forEach((id, revision) => known.add(id, revision));

  it('never denies an event that is there, and places the newest exactly', () => {
    expect(ids.filter(id => known.find(id) === undefined)).toEqual([]);
    expect(ids.slice(-RECENT).map(id => known.find(id))).toEqual(
      Array.from({ length: RECENT }, (_, n) => COUNT - RECENT + n),
    );
  });

  it('hardly ever takes a foreign event for one of them', () => {
    const foreign = Array.from({ length: 5_000 }, (_, n) =>
      n % 2 === 0 ? derivedId('other', 'stream', n) : newUuid(),
    );
    expect(foreign.filter(id => known.find(id) !== undefined).length).toBeLessThan(10);
  });

  it('takes far less room for the older ones', () => {
    const many = new KnownEvents({ recent: 10, perFilter: 100_000 });
    ids.forEach((id, revision) => many.add(id, revision));
    expect(many.size).toBeLessThan(COUNT / 3);
  });
});
