import { TransientMap } from '@runledger/kernel';

/** Lets work with the same key go one after the other, in the order it was asked for. */
export class Turns {
  readonly #last = new TransientMap<string, Promise<unknown>>();

  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const previous = this.#last.get(key);
    const turn = previous ? previous.then(work, work) : work();
    this.#last.set(key, turn);
    const done = () => {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    };
    turn.then(done, done);
    return turn;
  }
}
