import { derivedId, followingId } from './event-ids.js';

const UUID_8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('the ids of what a command writes', () => {
  it('are the same UUIDs each time, and others for every command, stream and place', () => {
    const ids = ['a', 'b'].flatMap(command =>
      ['run-1', 'run-2'].flatMap(stream => Array.from({ length: 1_000 }, (_, at) => derivedId(command, stream, at))),
    );
    expect(new Set(ids).size).toBe(4_000);
    expect(ids.filter(id => !UUID_8.test(id))).toEqual([]);
    expect(derivedId('b', 'run-2', 999)).toBe(ids.at(-1));
  });

  it('follow the first one, also over the end of the digits that count', () => {
    const first = 'b5a0a3f2-1111-8222-9333-4444aaaafffe';
    expect([0, 1, 2, 3].map(at => followingId(first, at).slice(-8))).toEqual([
      'aaaafffe',
      'aaaaffff',
      'aaaa0000',
      'aaaa0001',
    ]);
    expect(derivedId('a', 'run-1', 7)).toBe(followingId(derivedId('a', 'run-1', 0), 7));
  });
});
