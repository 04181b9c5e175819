import type { ParkedEvent, ParkedEvents } from '@runledger/event-store';
import { checkpointsOf } from '../consuming/define-consumer.js';
import type { Consumer } from '../consuming/define-consumer.js';

/** How many letters are read at once. */
const PAGE = 500;

/**
 * Events that consumers of one service could not handle, and those of the same key that wait behind them. In the platform's database
 * its API shows them too.
 */
export class DeadLetters {
  constructor(
    private readonly parked: ParkedEvents,
    private readonly consumers: readonly Pick<Consumer, 'name'>[],
  ) {}

  /** Those that were not discarded, by consumer and position; of one consumer when it is named. */
  async list(consumer?: string): Promise<readonly ParkedEvent[]> {
    const names = this.consumers.filter(({ name }) => consumer === undefined || name === consumer).map(checkpointsOf);
    const found: ParkedEvent[] = [];
    for (const name of names) found.push(...(await this.#listOf(name)));
    return found;
  }

  /** Within about a second it is tried again, and then what waits behind it. False: there is no such letter. */
  async retry(id: string, by: string): Promise<boolean> {
    return this.#isOurs(id) && (await this.parked.requestRetry(id, { by })) !== undefined;
  }

  /** Every letter that failed. Answers how many were asked for. */
  async retryAll(by: string, consumer?: string): Promise<number> {
    const failed = (await this.list(consumer)).filter(({ state }) => state === 'parked');
    for (const { id } of failed) await this.retry(id, by);
    return failed.length;
  }

  /** Gives it up for good; what waits behind it goes on. False: there is no such letter. */
  async discard(id: string, request: { readonly by: string; readonly reason: string }): Promise<boolean> {
    return this.#isOurs(id) && (await this.parked.discard(id, request)) !== undefined;
  }

  async #listOf(consumer: string): Promise<ParkedEvent[]> {
    const found: ParkedEvent[] = [];
    for (let after: string | undefined; ; after = found.at(-1)?.id) {
      const page = await this.parked.list({
        consumer,
        states: ['parked', 'waiting'],
        limit: PAGE,
        ...(after !== undefined && { after }),
      });
      found.push(...page);
      if (page.length < PAGE) return found;
    }
  }

  #isOurs(id: string): boolean {
    return this.consumers.some(consumer => id.startsWith(`${checkpointsOf(consumer)}@`));
  }
}
