import { setTimeout as delay } from 'node:timers/promises';
import { AwaitingPeopleError } from '../attempt/people.js';

const LOOK_EVERY_MS = 250;

/** Agents that work side by side, at most so many at a time. Who waits for people makes room for the others. */
export class AgentTeam {
  #working = 0;
  readonly #queue: (() => void)[] = [];

  constructor(
    private readonly atOnce: number,
    private readonly signal: AbortSignal,
  ) {}

  async work<Result>(task: () => Promise<Result>): Promise<Result> {
    await this.#enter();
    try {
      return await task();
    } finally {
      this.#leave();
    }
  }

  /**
   * Looks for what people have said for as long as others of the team work. When all that are left wait, the attempt can be left:
   * throws {@link AwaitingPeopleError}.
   */
  async whileOthersWork<Found>(callId: string, look: () => Promise<Found | undefined>): Promise<Found> {
    this.#leave();
    try {
      while (this.#working > 0 && !this.signal.aborted) {
        await delay(LOOK_EVERY_MS);
        const found = await look();
        if (found !== undefined) return found;
      }
      throw new AwaitingPeopleError(callId);
    } finally {
      await this.#enter();
    }
  }

  async #enter(): Promise<void> {
    if (this.#working < this.atOnce) this.#working += 1;
    else await new Promise<void>(resolve => this.#queue.push(resolve));
  }

  /** Who is next in the queue takes the place over. */
  #leave(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#working -= 1;
  }
}
