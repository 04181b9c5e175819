import { Echoes } from './echoes.js';
import type { WireEvent } from './wire-events.js';

/** An event of the log as the feed brings it. */
const at = (position: bigint, id = 'other', writtenBy?: string) =>
  ({ event: { id, position }, ...(writtenBy === undefined ? {} : { writtenBy }) }) as WireEvent;

/** An append of two events, at 4 and 5, is on its way, and the feed stands at 3. */
function underWay(): Echoes {
  const echoes = new Echoes();
  echoes.begin(3n);
  echoes.expect('mine', 'first');
  return echoes;
}

describe('the echo of an append', () => {
  it('is heard by the call that wrote the events, before the answer or after it', async () => {
    const early = underWay();
    early.pass(at(4n, 'first', 'mine'));
    expect(await early.came('mine', 5n)).toBe(true);
    const late = underWay();
    const coming = late.came('mine', 5n);
    late.pass(at(4n, 'first', 'mine'));
    expect(await coming).toBe(true);
  });

  it('is not taken for that of another copy of the same append, nor for that of other events', async () => {
    const echoes = underWay();
    const coming = echoes.came('mine', 5n);
    echoes.pass(at(4n, 'first', 'theirs'));
    echoes.pass(at(5n, 'other', 'mine'));
    expect(await coming).toBe(false);
  });

  it('is not waited for without a feed, nor once the feed has passed the place or is gone', async () => {
    const echoes = underWay();
    const coming = echoes.came('mine', 5n);
    echoes.end();
    expect(await coming).toBe(false);
    expect(await echoes.came('mine', 5n)).toBe(false);
    echoes.begin(9n);
    expect(await echoes.came('mine', 5n)).toBe(false);
  });

  it('is not waited for any longer when the end of the append has come by without it', async () => {
    const echoes = underWay();
    const coming = echoes.came('mine', 5n);
    echoes.pass(at(4n, 'first', 'theirs'));
    expect(await soon(coming)).toBe('waits');
    echoes.pass(at(5n));
    expect(await soon(coming)).toBe(false);
  });

  it('is waited for again only when one has come in time', async () => {
    const echoes = underWay();
    expect(await echoes.came('mine', 5n)).toBe(false); // it takes all patience
    expect(await soon(echoes.came('mine', 5n))).toBe(false);
    echoes.pass(at(4n, 'first', 'mine'));
    echoes.forget('mine');
    echoes.expect('next', 'second');
    expect(await soon(echoes.came('next', 6n))).toBe('waits');
    echoes.end();
  });

  it('of a call that is over is nobody’s', async () => {
    const echoes = underWay();
    echoes.forget('mine');
    echoes.pass(at(4n, 'first', 'mine'));
    expect(await echoes.came('mine', 5n)).toBe(false);
  });
});

/** What is there without waiting. */
const soon = (coming: Promise<boolean>) =>
  Promise.race([coming, new Promise(resolve => setImmediate(resolve, 'waits'))]);
