import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TransientMap, TransientSet } from './transient-map.js';

type Move =
  | { readonly move: 'set'; readonly key: number; readonly value: number }
  | { readonly move: 'delete' | 'clear'; readonly key: number };

const SEEDS = Array.from({ length: 100 }, (_, at) => at + 1);

/** From 500 to 2,000 of them, the same for the same seed (mulberry32): the kernel's specs take nothing from packages either. */
function movesOf(seed: number): Move[] {
  let state = seed;
  const below = (end: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  };
  return Array.from({ length: 500 + below(1_501) }, () => {
    const [kind, key] = [below(12), below(41)];
    if (kind < 6) return { move: 'set', key, value: below(1e9) };
    return { move: kind < 11 ? 'delete' : 'clear', key };
  });
}

function answerOf(map: TransientMap<number, number> | Map<number, number>, each: Move) {
  if (each.move === 'clear') map.clear();
  if (each.move === 'set') map.set(each.key, each.value);
  const deleted = each.move === 'delete' && map.delete(each.key);
  return [deleted, map.size, map.has(each.key), map.get(each.key)];
}

describe('a map for entries that come and go', () => {
  it.each(SEEDS)('answers as a Map does, in the same order, however often its entries have moved (seed %i)', seed => {
    const [map, plain] = [new TransientMap<number, number>(), new Map<number, number>()];
    const answers = movesOf(seed).map(each => [map, plain].map(one => JSON.stringify(answerOf(one, each))));
    expect(answers.filter(([ours, theirs]) => ours !== theirs)).toEqual([]);
    expect([...map.keys()]).toEqual([...plain.keys()]);
    expect([...map.values()]).toEqual([...plain.values()]);
  });

  it('lets entries be deleted while they are iterated', () => {
    const map = new TransientMap<number, string>();
    for (let n = 0; n < 600; n += 1) map.set(n, 'there');
    for (const each of map.keys()) if (each % 2 === 0) map.delete(each);
    expect(map.size).toBe(300);
    expect([...map.keys()].every(each => each % 2 === 1)).toBe(true);
  });

  it('keeps what has come and gone out of the old generation, where a Map fills it', () => {
    const [plain, transient] = [oldMegabytesAfterChurn('Map'), oldMegabytesAfterChurn('TransientMap')];
    // Should V8 ever mend this, there is no need for this class any more.
    expect(plain).toBeGreaterThan(5);
    expect(transient).toBeLessThan(1);
  });
});

describe('a set for what is in it for a moment', () => {
  it.each(SEEDS)('answers as a Set does, in the same order (seed %i)', seed => {
    const [set, plain] = [new TransientSet<number>(), new Set<number>()];
    for (const { move, key } of movesOf(seed)) {
      for (const some of [set, plain]) {
        if (move === 'set') some.add(key);
        else some.delete(key);
      }
      if (set.size !== plain.size) throw new Error(`${set.size} are there instead of ${plain.size}.`);
    }
    expect([...set]).toEqual([...plain]);
  });

  it('keeps what has come and gone out of the old generation, where a Set fills it', () => {
    expect(oldMegabytesAfterChurn('Set')).toBeGreaterThan(5);
    expect(oldMegabytesAfterChurn('TransientSet')).toBeLessThan(1);
  });
});

/**
 * In a process of its own, after one collection of the old generation: 16 MB of entries come and go, each of them there for fifty
 * others. Answers by how many megabytes the old generation has grown.
 */
function oldMegabytesAfterChurn(kind: 'Map' | 'TransientMap' | 'Set' | 'TransientSet'): number {
  const source = fileURLToPath(new URL('./transient-map.ts', import.meta.url));
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8';
    const { TransientMap, TransientSet } = await import(${JSON.stringify(source)});
    const some = new ({ Map, TransientMap, Set, TransientSet }[${JSON.stringify(kind)}])();
    const comeAndGo = (first, end) => {
      for (let n = first; n < end; n += 1) {
        const entry = new Array(100).fill(n);
        'set' in some ? some.set(n, entry) : some.add(entry);
        if (some.size > 50) some.delete('set' in some ? n - 50 : some[Symbol.iterator]().next().value);
      }
    };
    const old = () => getHeapSpaceStatistics().find(space => space.space_name === 'old_space').space_used_size;
    comeAndGo(0, 1_000);
    gc();
    const before = old();
    comeAndGo(1_000, 21_000);
    console.log((old() - before) / 1e6);`;
  const options = ['--expose-gc', '--no-warnings', '--max-semi-space-size=4', '--input-type=module', '--eval', program];
  return Number(execFileSync(process.execPath, options, { encoding: 'utf8' }));
}
