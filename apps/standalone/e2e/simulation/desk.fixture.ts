import { RetryableError } from '@runledger/kernel';
import type { Chance } from './chance.fixture.js';

/** Something that was asked of another machine and is under way: the asker waits, and may die waiting. */
interface Errand {
  readonly asker: Life;
  readonly changes: boolean;
  readonly run: () => unknown;
  readonly answer: (value: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** One life of a process. Nobody hears from it once it is over; what it has sent may still arrive. */
export interface Life {
  over: boolean;
}

class LostError extends RetryableError {
  constructor(what: string) {
    super('SIMULATED_LOSS', `${what} was lost on its way; ask again.`);
  }
}

/** How often things go wrong, each a probability. */
export interface Weather {
  readonly questionLost: number;
  readonly answerLost: number;
}

export const CALM: Weather = { questionLost: 0, answerLost: 0 };

/** Everything that is on its way between processes: chance decides what arrives next, and what not at all. */
export class Desk {
  readonly #errands: Errand[] = [];
  weather: Weather = CALM;

  constructor(private readonly chance: Chance) {}

  get busy(): boolean {
    return this.#errands.length > 0;
  }

  /** `changes`: it has an effect where it arrives. Who is dead asks nothing more, though his timers go on. */
  ask<T>(asker: Life, run: () => T, changes: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      if (asker.over) return;
      const answer = (value: unknown) => resolve(value as T);
      this.#errands.push({ asker, changes, run, answer, fail: reject });
    });
  }

  /** One errand arrives, or is lost. Those of a dead asker arrive half the time, and nobody is told. */
  deliverOne(): void {
    const [errand] = this.#errands.splice(this.chance.below(this.#errands.length), 1);
    if (!errand) return;
    const { asker, run, answer, fail } = errand;
    if (asker.over) {
      if (errand.changes && this.chance.happens(0.5)) unheard(run());
      return;
    }
    if (this.chance.happens(this.weather.questionLost)) return fail(new LostError('A question'));
    const value = run();
    if (!this.chance.happens(this.weather.answerLost)) return answer(value);
    unheard(value);
    fail(new LostError('An answer'));
  }
}

/** Nobody hears how it ends. */
function unheard(value: unknown): void {
  if (value instanceof Promise) value.catch(() => undefined);
}
