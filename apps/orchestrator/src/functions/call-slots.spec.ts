import fc from 'fast-check';
import { CallSlots, type WaitingTurn } from './call-slots.js';

/** Slots as reactions use them, with a note of who got one, in turn. */
class Story {
  readonly granted: string[] = [];
  readonly taken = new Map<string, number>();
  /** In the order in which they came. */
  readonly waiting: { readonly workspace: string; readonly call: string; readonly turn: WaitingTurn }[] = [];
  readonly #slots: CallSlots;
  #calls = 0;

  constructor(readonly size: number) {
    this.#slots = new CallSlots(size);
  }

  get free(): number {
    return [...this.taken.values()].reduce((left, taken) => left - taken, this.size);
  }

  of(workspace: string): number {
    return this.taken.get(workspace) ?? 0;
  }

  comes(workspace: string, calls = 1): void {
    for (let call = 0; call < calls; call += 1) this.#comes(workspace, `${workspace}${(this.#calls += 1)}`);
  }

  ends(workspace: string): void {
    if (this.of(workspace) === 0) throw new Error(`${workspace} has no slot that could be freed.`);
    this.taken.set(workspace, this.of(workspace) - 1);
    this.#slots.free(workspace);
  }

  leaves(call: string): void {
    const [left] = this.waiting.splice(
      this.waiting.findIndex(each => each.call === call),
      1,
    );
    if (left) this.#slots.leave(left.workspace, left.turn);
  }

  #comes(workspace: string, call: string): void {
    if (this.#slots.take(workspace)) return this.#got(workspace, call);
    const onTurn = () => {
      this.waiting.splice(
        this.waiting.findIndex(each => each.call === call),
        1,
      );
      this.#got(workspace, call);
    };
    const turn = { onTurn };
    this.waiting.push({ workspace, call, turn });
    this.#slots.wait(workspace, turn);
  }

  #got(workspace: string, call: string): void {
    const before = this.of(workspace);
    for (const other of this.waiting) {
      // The rule that all of this is about.
      if (this.of(other.workspace) < before) throw new Error(`${other.call} waits, which has fewer than ${call}.`);
      if (other.workspace === workspace && Number(other.call.slice(1)) < Number(call.slice(1))) {
        throw new Error(`${call} has overtaken ${other.call}.`);
      }
    }
    this.taken.set(workspace, before + 1);
    this.granted.push(call);
  }
}

const given = (size: number, ...before: readonly (readonly [workspace: string, calls: number])[]) => {
  const story = new Story(size);
  for (const [workspace, calls] of before) story.comes(workspace, calls);
  return story;
};

describe('slots', () => {
  it('are had at once as long as there are enough', () => {
    const story = given(256, ['a', 100], ['b', 100]);
    expect([story.of('a'), story.of('b'), story.waiting.length]).toEqual([100, 100, 0]);
  });

  it('go to the one workspace that there is, but for an eighth', () => {
    expect(given(256, ['a', 1_000]).of('a')).toBe(224);
    expect(given(8, ['a', 1_000]).of('a')).toBe(7);
  });

  it.each([1, 3, 7])('go to the one workspace that there is, all of them, where there are only %d', size => {
    expect(given(size, ['a', 1_000]).of('a')).toBe(size);
  });

  it('are there at once for a workspace that comes while another waits with a thousand calls', () => {
    const story = given(256, ['a', 1_000], ['b', 5]);
    expect(story.of('b')).toBe(5);
  });

  it('are there for a third one though two wait with a thousand calls each', () => {
    const story = given(256, ['a', 1_000], ['b', 1_000], ['c', 1]);
    expect(['a', 'b', 'c'].map(id => story.of(id))).toEqual([224, 28, 1]);
  });

  it('become equally many as calls end, for all that wait', () => {
    const story = given(256, ['a', 1_000], ['b', 1_000]);
    for (let end = 0; end < 200; end += 1) story.ends('a');
    expect(Math.abs(story.of('a') - story.of('b'))).toBeLessThanOrEqual(1);
  });

  it('that become free go to who has fewest', () => {
    const story = given(4, ['a', 4], ['b', 2], ['a', 2]);
    for (let end = 0; end < 2; end += 1) story.ends('a');
    expect([story.of('a'), story.of('b')]).toEqual([2, 2]);
    expect(story.waiting.map(({ call }) => call)).toEqual(['a7', 'a8']);
  });

  it('are had in turn by workspaces that have equally many, and within one by who came first', () => {
    const story = given(1, ['a', 4], ['b', 3], ['c', 1]);
    for (const workspace of 'aabcaba') story.ends(workspace);
    expect(story.granted).toEqual(['a1', 'a2', 'b5', 'c8', 'a3', 'b6', 'a4', 'b7']);
  });

  it('are not had by who does not wait any more', () => {
    const story = given(1, ['a', 1], ['b', 2]);
    story.leaves('b2');
    story.ends('a');
    expect(story.granted).toEqual(['a1', 'b3']);
  });

  it('go to those that still wait when all calls of a workspace have left', () => {
    const story = given(1, ['a', 1], ['b', 1], ['c', 1]);
    story.leaves('b2');
    story.ends('a');
    expect(story.granted).toEqual(['a1', 'c3']);
  });
});

const WORKSPACES = ['a', 'b', 'c', 'd'];
const workspace = fc.constantFrom(...WORKSPACES);
const moves = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ move: fc.constant('comes' as const), workspace, calls: fc.nat(20) }) },
    { weight: 4, arbitrary: fc.record({ move: fc.constant('ends' as const), workspace }) },
    { weight: 1, arbitrary: fc.record({ move: fc.constant('leaves' as const), nth: fc.nat() }) },
  ),
  { maxLength: 120 },
);

it('no workspace waits while it has fewer calls than another that gets one, whatever comes and ends', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), moves, (size, story) => {
      const slots = new Story(size);
      for (const move of story) {
        if (move.move === 'comes') slots.comes(move.workspace, move.calls);
        else if (move.move === 'ends' && slots.of(move.workspace) > 0) slots.ends(move.workspace);
        else if (move.move === 'leaves' && slots.waiting.length > 0) {
          slots.leaves(slots.waiting[move.nth % slots.waiting.length]?.call ?? '');
        }
        expect(slots.free).toBeGreaterThanOrEqual(0);
        // Who has none gets what is free, and nobody waits while more than an eighth is.
        if (slots.free > 0) expect(slots.waiting.filter(({ workspace: id }) => slots.of(id) === 0)).toEqual([]);
        if (slots.free * 8 > size) expect(slots.waiting).toEqual([]);
      }
      // When all that goes on has ended, nobody waits.
      for (
        let going = WORKSPACES.find(id => slots.of(id) > 0);
        going;
        going = WORKSPACES.find(id => slots.of(id) > 0)
      ) {
        slots.ends(going);
      }
      expect(slots.waiting).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
